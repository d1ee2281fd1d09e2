"""Computes the include graph of include/eddy and checks what keeps the house in order.

 floors     a header includes lower floors and its own folder only: nothing upward, nothing sideways, no cycle. No floor
            includes an umbrella or a side door (testing/, testing.hpp, debug/, debug.hpp, format.hpp); a side door may include
            anything.
 umbrellas  each reaches every header of its floors and none above them, and no side door
 size       no header is over 400 lines
 resume     `.resume()` is called on at most three lines of the library
 fmt        only format.hpp includes it
 openssl    only io/tls*.hpp includes it, and no umbrella reaches these
 curl       only http/ includes it
 std        floors 0 to 3 include no heavy and no thread header; <variant> only for race and gather
 opening    a header opens with a comment that says what it is, and whose last line names the licence

Usage: include_graph.py [ROOT] | --self-test
"""
# SPDX-License-Identifier: MIT
import pathlib
import posixpath
import re
import sys

import source_text
from tree_check import judged

FLOORS = {"base": 0, "loop": 1, "task": 2, "combine": 3, "sync": 3, "flow": 3, "threads": 4, "io": 5,
          "http": 6, "postgres": 6, "redis": 6, "s3": 6}
SIDE_DOORS = ("testing", "testing.hpp", "debug", "debug.hpp", "format.hpp")
TLS = re.compile(r"io/tls[a-z_]*\.hpp")  # stands on its floor, and in no umbrella
UMBRELLAS = {"eddy.hpp": range(0, 4), "threads.hpp": range(4, 5), "io.hpp": range(5, 6),  # each one's own floors
             "http.hpp": range(6, 7)}
OWN_FOLDER = {"http.hpp": "http"}  # an integration's: of its floor it has its own folder alone
CORE = range(0, 4)

MAX_LINES = 400
MAX_RESUMES = 3
RESUME = re.compile(r"(?:\.|->)\s*resume\s*\(\s*\)")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.MULTILINE)
LICENCE = "// SPDX-License-Identifier: MIT"
HEAVY = {"iostream", "regex", "ranges", "functional", "format", "random", "algorithm"}
THREADS = {"thread", "mutex", "shared_mutex", "condition_variable", "future", "stop_token", "semaphore", "latch", "barrier"}
VARIANT_HOMES = {"combine/race.hpp", "combine/gather.hpp"}  # the second for std::monostate, a void slot of its tuple


class Header:
    """One header: its name below include/eddy, what it includes, and where it stands."""

    def __init__(self, root, path):
        self.name = path.relative_to(root).as_posix()
        self.text = path.read_text(encoding="utf-8")
        self.lines = self.text.splitlines()
        self.code = source_text.without_comments_and_literals(self.text)
        self.own = []  # (line, name) of this library's headers
        self.foreign = []  # (line, name) of everybody else's
        for match in INCLUDE.finditer(source_text.without_comments(self.text)):
            line, included = source_text.line_of(self.text, match.start()), match[2]
            if included.startswith("eddy/"):
                self.own.append((line, posixpath.normpath(included[len("eddy/"):])))
            elif match[1] == '"':
                self.own.append((line, posixpath.normpath(posixpath.join(posixpath.dirname(self.name), included))))
            else:
                self.foreign.append((line, included))
        self.folder = self.name.split("/")[0]
        self.is_umbrella = self.name in UMBRELLAS
        self.is_side_door = self.folder in SIDE_DOORS
        self.floor = None if self.is_umbrella or "/" not in self.name else FLOORS.get(self.folder)


def check_floors(headers):
    for header in headers.values():
        if not (header.is_umbrella or header.is_side_door or header.floor is not None):
            yield f"{header.name}: stands on no floor; the floors are {', '.join(FLOORS)}"
        for line, name in header.own:
            place = f"{header.name}:{line}: "
            included = headers.get(name)
            if included is None:
                yield f"{place}includes {name}, which does not exist"
            elif header.is_side_door:
                continue
            elif included.is_side_door:
                yield f"{place}includes the side door {name}; no floor and no umbrella may"
            elif included.is_umbrella and not header.is_umbrella:
                yield f"{place}includes the umbrella {name}; include what is used"
            elif header.floor is None or included.floor is None or header.folder == included.folder:
                continue
            elif included.floor > header.floor:
                yield f"{place}upward: floor {header.floor} includes {name} of floor {included.floor}"
            elif included.floor == header.floor:
                yield f"{place}sideways: {header.folder}/ includes {name}, both of floor {header.floor}"


def check_cycles(headers):
    done, reported = set(), []

    def visit(name, path):
        if name in path:
            reported.append("cycle: " + " -> ".join(path[path.index(name):] + [name]))
        elif name in headers and name not in done:
            for _, included in headers[name].own:
                visit(included, path + [name])
            done.add(name)

    for name in headers:
        visit(name, [])
    return reported


def reachable(headers, name):
    seen, open_names = set(), [name]
    while open_names:
        current = open_names.pop()
        if current in headers and current not in seen:
            seen.add(current)
            open_names += [included for _, included in headers[current].own]
    return seen


def check_umbrellas(headers):
    for umbrella, floors in UMBRELLAS.items():
        if umbrella not in headers:
            continue
        reached = reachable(headers, umbrella)
        for header in headers.values():
            if TLS.fullmatch(header.name):
                if header.name in reached:
                    yield f"{umbrella}: reaches {header.name}, which needs OpenSSL"
                continue
            if umbrella in OWN_FOLDER and header.floor in floors and header.folder != OWN_FOLDER[umbrella]:
                continue  # the floors say that it cannot be reached
            if header.floor in floors and header.name not in reached:
                yield f"{umbrella}: does not reach {header.name} of its floor {header.floor}"
            if header.name in reached and header.floor is not None and header.floor >= floors.stop:
                yield f"{umbrella}: reaches {header.name} of floor {header.floor}, above its own"


def check_size(headers):
    for header in headers.values():
        if len(header.lines) > MAX_LINES:
            yield f"{header.name}: {len(header.lines)} lines, over {MAX_LINES}"


def check_resume(headers):
    calls = [f"{header.name}:{number}" for header in headers.values()
             for number, line in enumerate(header.code.splitlines(), 1) if RESUME.search(line)]
    if len(calls) > MAX_RESUMES:
        yield f".resume() is called on {len(calls)} lines, more than {MAX_RESUMES}: {', '.join(calls)}"


def check_fmt(headers):
    for header in headers.values():
        for line, name in header.foreign:
            if name.startswith("fmt/") and header.name != "format.hpp":
                yield f"{header.name}:{line}: includes <{name}>; only format.hpp may"


def check_openssl(headers):
    for header in headers.values():
        for line, name in header.foreign:
            if name.startswith("openssl/") and not TLS.fullmatch(header.name):
                yield f"{header.name}:{line}: includes <{name}>; only io/tls*.hpp may"


def check_curl(headers):
    for header in headers.values():
        for line, name in header.foreign:
            if name.startswith("curl/") and header.folder != "http":
                yield f"{header.name}:{line}: includes <{name}>; only http/ may"


def check_std(headers):
    includers = {name: set() for name in headers}
    for header in headers.values():
        if header.floor is not None:
            for _, included in header.own:
                includers.get(included, set()).add(header.name)
    variant_allowed = set(VARIANT_HOMES)  # and, growing, what nobody else includes
    while more := {name for name, users in includers.items() if users and users <= variant_allowed} - variant_allowed:
        variant_allowed |= more

    for header in headers.values():
        if header.floor not in CORE:
            continue
        for line, name in header.foreign:
            if name in HEAVY:
                yield f"{header.name}:{line}: <{name}> is too heavy for floors 0 to 3"
            elif name in THREADS:
                yield f"{header.name}:{line}: <{name}> is for floor 4 and up; the core includes no thread header"
            elif name == "variant" and header.name not in variant_allowed:
                yield f"{header.name}:{line}: <variant> is for race and gather alone"


def check_opening(headers):
    for header in headers.values():
        opening = []
        for line in header.lines:
            if not line.startswith("//"):
                break
            opening.append(line.rstrip())
        if LICENCE not in opening:
            yield f"{header.name}: its opening comment has no line '{LICENCE}'"
        elif opening[-1] != LICENCE:
            yield f"{header.name}: the licence is not the last line of its opening comment"
        elif opening[0] == LICENCE:
            yield f"{header.name}: its opening comment does not say what it is"


CHECKS = [check_floors, check_cycles, check_umbrellas, check_size, check_resume, check_fmt, check_openssl, check_curl, check_std, check_opening]


def read(root):
    folder = root / "include" / "eddy"
    return {header.name: header for header in (Header(folder, path) for path in sorted(folder.rglob("*.hpp")))}


def violations(headers):
    return [violation for check in CHECKS for violation in check(headers)]


def report(headers):
    edges = sum(len(header.own) for header in headers.values())
    print(f"{len(headers)} headers, {edges} includes of one another")
    for floor in sorted(set(FLOORS.values())):
        folders = [folder for folder, number in FLOORS.items() if number == floor]
        count = sum(1 for header in headers.values() if header.floor == floor)
        if count:
            print(f"  floor {floor}, {' '.join(folders)}: {count}")
    lengths = sorted(len(header.lines) for header in headers.values())
    if lengths:
        print(f"lines: median {lengths[len(lengths) // 2]}, longest {lengths[-1]}")
    found = violations(headers)
    print("\n".join(found + [f"checked {', '.join(check.__name__[len('check_'):] for check in CHECKS)}: "
                             f"{len(found)} violations"]))
    return 1 if found or not headers else 0


# ------------------------------------------------------------------------------------------------------- self-test

def source(*includes, body=""):
    lines = [f"#include {name if name[0] in '<' + chr(34) else f'<{name}>'}" for name in includes]
    return "\n".join(["// A header.", "// More about it.", LICENCE, "#pragma once", *lines, body]) + "\n"


GOOD = {
    "base/error.hpp": source("<exception>"),
    "base/time.hpp": source('"error.hpp"', "<chrono>"),
    "loop/event_loop.hpp": source("eddy/base/time.hpp", "<atomic>", body="h.resume();\nh.resume();\nh->resume();"),
    "task/task.hpp": source("eddy/loop/event_loop.hpp", body='// h.resume()\n/* h.resume() */ auto s = ".resume()";'),
    "combine/race.hpp": source("eddy/combine/race_result.hpp", "eddy/task/task.hpp", "<variant>"),
    "combine/race_result.hpp": source("<variant>"),
    "sync/lock.hpp": source("eddy/task/task.hpp", body="\n" * (MAX_LINES - 6)),
    "flow/queue.hpp": source("eddy/task/task.hpp", body="// #include <regex>\n/*\n#include <eddy/io/tcp.hpp>\n*/"),
    "threads/thread_pool.hpp": source("eddy/task/task.hpp", "<functional>", "<mutex>", "<variant>"),
    "io/tcp.hpp": source("eddy/threads/thread_pool.hpp"),
    "io/tls.hpp": source("eddy/io/tcp.hpp", "eddy/io/tls_error.hpp"),
    "io/tls_error.hpp": source("<openssl/err.h>"),
    "http/client.hpp": source("eddy/io/tcp.hpp", "<curl/curl.h>"),
    "testing/virtual_time.hpp": source("eddy/eddy.hpp", "eddy/debug/trace.hpp", "<iostream>"),
    "debug/trace.hpp": source("eddy/http/client.hpp"),
    "format.hpp": source("eddy/task/task.hpp", "<fmt/format.h>"),
    "eddy.hpp": source("eddy/combine/race.hpp", "eddy/sync/lock.hpp", "eddy/flow/queue.hpp"),
    "threads.hpp": source("eddy/threads/thread_pool.hpp"),
    "io.hpp": source("eddy/threads.hpp", "eddy/io/tcp.hpp"),
    "http.hpp": source("eddy/http/client.hpp"),
    "redis/client.hpp": source("eddy/io/tcp.hpp"),
}

# What is wrong, the headers that are changed for it, and what the one report must match.
BAD = [
    ("upward", {"base/error.hpp": source("eddy/sync/latch.hpp"), "sync/latch.hpp": source()}, r"base/error.hpp:5: upward"),
    ("upward, quoted", {"loop/waker.hpp": source('"../threads/thread_pool.hpp"')}, r"loop/waker.hpp:5: upward"),
    ("upward, with blanks", {"task/a.hpp": source(body="  #  include  <eddy/threads/thread_pool.hpp>")}, r"upward"),
    ("sideways on 3", {"sync/event.hpp": source("eddy/flow/queue.hpp")}, r"sync/event.hpp:5: sideways"),
    ("sideways on 3", {"combine/gather.hpp": source("eddy/sync/lock.hpp")}, r"combine/gather.hpp:5: sideways"),
    ("sideways on 6", {"redis/client.hpp": source("eddy/http/client.hpp")}, r"redis/client.hpp:5: sideways"),
    ("cycle", {"base/error.hpp": source("eddy/base/time.hpp")}, r"cycle: base/(error|time).hpp -> .* -> "),
    ("cycle of one", {"base/error.hpp": source("eddy/base/error.hpp")}, r"cycle: base/error.hpp -> base/error.hpp$"),
    ("cycle of side doors", {"debug/trace.hpp": source("eddy/testing/virtual_time.hpp")}, r"cycle"),
    ("a side door is used", {"task/a.hpp": source("eddy/testing/virtual_time.hpp")}, r"task/a.hpp:5: .* side door"),
    ("a side door is used", {"http/a.hpp": source("eddy/format.hpp")}, r"http/a.hpp:5: .* side door"),
    ("a side door in an umbrella", {"io.hpp": source("eddy/io/tcp.hpp", "eddy/debug/trace.hpp")}, r"io.hpp:6: .* side door"),
    ("an umbrella is used", {"http/a.hpp": source("eddy/eddy.hpp")}, r"http/a.hpp:5: .* umbrella"),
    ("an umbrella lacks a header", {"flow/channel.hpp": source()}, r"eddy.hpp: does not reach flow/channel.hpp"),
    ("an umbrella reaches too high", {"threads.hpp": source("eddy/threads/thread_pool.hpp", "eddy/io/tcp.hpp")},
     r"threads.hpp: reaches io/tcp.hpp"),
    ("no such header", {"task/task.hpp": source("eddy/loop/event_loop.hpp", "eddy/base/nowhere.hpp")}, r"does not exist"),
    ("no floor", {"util/strings.hpp": source()}, r"util/strings.hpp: stands on no floor"),
    ("no floor", {"strings.hpp": source()}, r"strings.hpp: stands on no floor"),
    ("too long", {"sync/lock.hpp": source("eddy/task/task.hpp", body="\n" * (MAX_LINES - 5))}, r"401 lines, over 400"),
    ("resumes", {"http/client.hpp": source("eddy/io/tcp.hpp", body="\nhandle . resume ( );")},
     r"on 4 lines.*http/client.hpp:7"),
    ("fmt", {"debug/trace.hpp": source("<fmt/core.h>")}, r"debug/trace.hpp:5: includes <fmt/core.h>"),
    ("openssl", {"io/tcp.hpp": source("<openssl/ssl.h>")}, r"io/tcp.hpp:5: includes <openssl/ssl.h>"),
    ("TLS in an umbrella", {"io.hpp": source("eddy/threads.hpp", "eddy/io/tcp.hpp", "eddy/io/tls.hpp")},
     r"io.hpp: reaches io/tls.hpp, which needs OpenSSL"),
    ("curl", {"io/tcp.hpp": source("<curl/curl.h>")}, r"io/tcp.hpp:5: includes <curl/curl.h>"),
    ("an integration's umbrella lacks a header", {"http.hpp": source()}, r"http.hpp: does not reach http/client.hpp"),
    ("variant", {"base/outcome.hpp": source("<variant>")}, r"base/outcome.hpp:5: <variant>"),
    ("variant that others need, too", {"combine/wait.hpp": source("eddy/combine/race_result.hpp")},
     r"combine/race_result.hpp:5: <variant>"),
    ("no licence", {"io/tcp.hpp": "// A header.\n#pragma once\n"}, r"io/tcp.hpp: .* no line"),
    ("licence outside of the opening comment", {"io/tcp.hpp": f"// A header.\n\n{LICENCE}\n"}, r"io/tcp.hpp: .* no line"),
    ("licence not last", {"io/tcp.hpp": f"// A header.\n{LICENCE}\n// More.\n"}, r"io/tcp.hpp: the licence is not the last"),
    ("licence only", {"io/tcp.hpp": f"{LICENCE}\n#pragma once\n"}, r"io/tcp.hpp: .* does not say what it is"),
    ("an empty header", {"io/tcp.hpp": ""}, r"io/tcp.hpp: .* no line"),
]
BAD += [(f"<{name}>", {"flow/queue.hpp": source(name)}, rf"flow/queue.hpp:5: <{name}> is too heavy") for name in HEAVY]
BAD += [(f"<{name}>", {"loop/waker.hpp": source(name)}, rf"loop/waker.hpp:5: <{name}> is for floor 4") for name in THREADS]


def violations_of(files):
    return judged({f"include/eddy/{name}": text for name, text in files.items()}, lambda root: violations(read(root)))


def self_test():
    wrong = []
    if found := violations_of(GOOD):
        wrong.append(f"the good tree: {found}")
    for title, changes, pattern in BAD:
        files = GOOD | changes
        # A new header is put under its umbrella, so that each case has one thing wrong with it.
        for name in changes.keys() - GOOD.keys():
            floor = FLOORS.get(name.split("/")[0]) if "/" in name else None
            for umbrella, floors in UMBRELLAS.items():
                if floor in floors and title != "an umbrella lacks a header":
                    files[umbrella] += f"#include <eddy/{name}>\n"
        found = violations_of(files)
        if not any(re.search(pattern, violation) for violation in found):
            wrong.append(f"{title}: '{pattern}' not found in {found}")
    used = {check.__name__ for check in CHECKS}
    unused = [name for name in globals() if name.startswith("check_") and name not in used]
    print("\n".join(wrong + [f"unused: {name}" for name in unused]
                    + [f"1 good tree, {len(BAD)} bad ones, {len(wrong)} judged wrongly"]))
    return 1 if wrong or unused else 0


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    return report(read(pathlib.Path(arguments[0]) if arguments else pathlib.Path(__file__).resolve().parents[2]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
