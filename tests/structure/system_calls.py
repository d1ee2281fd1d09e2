"""Each system call that io/ and loop/ make is made to fail by a test.

The places are those of the headers where a function of the system is called, `::name(`, or one of system_calls.hpp, which
stands for it, `sys::name`. A test names the ones that it makes
fail, "header.hpp: name, name", in `check_covered` (tests/support/fault_scenario.hpp), which sees that they did. What cannot
fail, or fails for real in another test, stands in OTHERWISE with the reason. A line that names no place is an error, too.

Usage: system_calls.py [ROOT] | --self-test
"""
# SPDX-License-Identifier: MIT
import re
import sys

import source_text
from tree_check import end, fault, judged, run

# Places that no injection reaches: why none is needed.
OTHERWISE = {
    "child_process.hpp: sys::kPidfd": "no call",
    "directory_walk.hpp: closedir": "fails for a wrong argument only",
    "directory_walk.hpp: dirfd": "fails for a wrong argument only",
    "exit_status.hpp: sigabbrev_np": "no system call",
    "file_contents.hpp: unlink": "is made when another one has failed; a temporary file that cannot be removed stays",
    "fork_guard.hpp: pthread_atfork": "without memory for it no fork is noticed, as its comment says",
    "process_spawn.hpp: posix_spawn_file_actions_destroy": "cannot fail",
    "process_spawn.hpp: posix_spawnattr_destroy": "cannot fail",
    "process_spawn.hpp: posix_spawnattr_setflags": "fails for a wrong argument only",
    "process_spawn.hpp: posix_spawnattr_setsigdefault": "cannot fail",
    "process_spawn.hpp: posix_spawnattr_setsigmask": "cannot fail",
    "resolver.hpp: freeaddrinfo": "cannot fail",
    "resolver.hpp: gai_strerror": "cannot fail",
    "server_state.hpp: sys::accept": "tests/io/server_faults_test.cpp",
    "signal_handlers.hpp: sigaction": "tests/io/signal_test.cpp: SIGKILL",
    "signal_wakeup.hpp: getpid": "cannot fail",
    "signal_wakeup.hpp: sigaction": "fails for a wrong argument only",
    "signal_wakeup.hpp: syscall": "gettid cannot fail",
    "socket_address.hpp: if_indextoname": "then the number is shown",
    "socket_address.hpp: if_nametoindex": "then it is no interface, tests/io/socket_address_test.cpp",
    "socket_address.hpp: inet_ntop": "fails for a wrong argument only",
    "socket_address.hpp: inet_pton": "says whether a text is an address",
    "socket_address.hpp: strnlen": "no system call",
    "system_calls.hpp: accept4": "tests/io/server_faults_test.cpp",
    "system_calls.hpp: pthread_sigmask": "fails for a wrong argument only",
    "system_calls.hpp: sigtimedwait": "tried again when it is interrupted; that there is no signal is the usual case",
}
# `syscall` for what has no function of its own.
NUMBERS = {"434": "pidfd_open", "424": "pidfd_send_signal"}

HELPERS = {"sys::retried", "sys::NoSigpipe"}

PLACE = re.compile(r"(?<![\w>:])::([a-z_]\w*)\(\s*(\d+)?")
WRAPPED = re.compile(r"\bsys::\w+")
NAMED = re.compile(r'"(\w+\.hpp): ([\w:, ]+)"')


def places_in(root):
    found = {}
    for folder in ("io", "loop"):
        for path in sorted((root / "include" / "eddy" / folder).glob("*.hpp")):
            text = source_text.without_comments_and_literals(path.read_text(encoding="utf-8"))
            names = [(match.start(), NUMBERS.get(match[2], match[1]) if match[1] == "syscall" else match[1])
                     for match in PLACE.finditer(text)]
            names += [(match.start(), match[0]) for match in WRAPPED.finditer(text) if match[0] not in HELPERS]
            for position, name in names:
                found.setdefault(f"{path.name}: {name}", f"{path.relative_to(root)}:{source_text.line_of(text, position)}")
    return found


def check(root, otherwise):
    """What is wrong, as lines of text, and a summary."""
    places = places_in(root)
    named = {}
    for path in sorted((root / "tests" / "io").glob("*_test.cpp")):
        text = source_text.without_comments(path.read_text(encoding="utf-8"))
        for match in NAMED.finditer(text):
            for call in match[2].split(", "):
                named.setdefault(f"{match[1]}: {call}", f"{path.relative_to(root)}:{source_text.line_of(text, match.start())}")
    found = [f"{where}: {place}: no test makes this call fail; do so, or add it to OTHERWISE"
             for place, where in places.items() if place not in named and place not in otherwise]
    found += [f"{where}: {place}: there is no such call" for place, where in named.items() if place not in places]
    found += [f"OTHERWISE: {place}: {'a test names it' if place in named else 'there is no such call'}"
              for place in otherwise if place in named or place not in places]
    return found, f"{len(places)} places, {len(named)} made to fail, {len(otherwise)} otherwise"


GOOD = {
    "include/eddy/io/a.hpp": "int f() { return ::open(x) + sys::open(y) + this->::z(1); } // ::close(1)\n",
    "include/eddy/loop/b.hpp": "int g() { ::syscall(434, 1); return ::getpid(); }\n",
    "tests/io/a_test.cpp": 'check_covered(failed, {"a.hpp: open, sys::open", "b.hpp: pidfd_open"});\n',
}
BAD = [
    ("a new call", {"include/eddy/io/a.hpp": "int f() { return ::open(x) + ::read(y); }"}, {}, "a.hpp: read: no test makes"),
    ("no such call", {"include/eddy/io/a.hpp": ""}, {}, "a.hpp: open: there is no such call"),
    ("a needless line", {}, {"a.hpp: open": ""}, "OTHERWISE: a.hpp: open: a test names it"),
    ("a needless line", {}, {"a.hpp: read": ""}, "OTHERWISE: a.hpp: read: there is no such call"),
]


def self_test():
    usual = {"b.hpp: getpid": "cannot fail"}
    found = judged(GOOD, lambda root: check(root, usual)[0])
    wrong = [f"the good tree: {found}"] if found else []
    for title, files, otherwise, expected in BAD:
        wrong += fault(title, expected, judged(GOOD | files, lambda root: check(root, usual | otherwise)[0]))
    return end(wrong, BAD)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:], lambda root: check(root, OTHERWISE), self_test))
