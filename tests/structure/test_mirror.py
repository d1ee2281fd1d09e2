"""The tests mirror the headers: whoever looks for a header's tests finds them by its name, and no header has none.

 tests    tests/<folder>/<name>_test.cpp tests include/eddy/<folder>/<name>.hpp, or the header whose name is a prefix of
          its own, the longest of them: gather_errors_test.cpp tests gather.hpp. The others stand in TESTS
 headers  each header is tested by such a file, or has nothing to be tested but includes and forward declarations, or is a
          part of one other header, which alone includes it, or stands in HEADERS with the test file that covers it

A line of a table that is not needed, or names what does not exist, is an error too.

Usage: test_mirror.py [ROOT] | --self-test
"""
# SPDX-License-Identifier: MIT
import re
import sys

import source_text
from tree_check import end, fault, judged, run

# A test file, the headers that it tests beside others, and why it is not named after one.
TESTS = {
    "task/compiler_traps": (["base/config"], "code that compilers get wrong, of every floor"),
    "task/format": (["format"], "the header stands above the folders"),
    "task/mistakes": (["base/error"], "what those see who make the mistakes that everybody makes"),
}
# A header that has no test file of its name: it is machinery that is seen through another header.
HEADERS = {
    "base/awaitable": "task/foreign_awaiter",  # its protocol
    "base/callable": "task/compiler_traps",
    "base/fwd": "base/callback",  # is_task
    "combine/slot_group": "combine/gather_errors",
    "flow/exchange": "flow/queue",
    "flow/queue_storage": "flow/queue_lifo_priority",
    "flow/stored_item": "flow/queue_items",
    "flow/stream_concurrency": "flow/stream_operators",
    "http/body": "http/outgoing_body",
    "http/curl_error": "http/transfer",
    "http/curl_multi": "http/client_session",
    "http/curl_setup": "http/request",
    "http/form": "http/outgoing_body",
    "http/loop_timer": "http/transfer",
    "http/options_access": "http/request",
    "http/request_options": "http/request",
    "http/response_body": "http/response",
    "http/session_core": "http/client_session",
    "http/session_options": "http/request",
    "http/text": "http/url",
    "http/timeouts": "http/transfer",
    "io/attached_descriptor": "io/socket_stream",
    "io/descriptor": "io/socket_stream",
    "io/descriptor_stream": "io/socket_stream",
    "io/file_calls": "io/file_faults",
    "io/socket_names": "io/tcp",
    "loop/close_hooks": "threads/to_thread",
    "loop/context": "task/context_var",
    "loop/descriptor_table": "task/readiness",
    "loop/exception_handler": "loop/event_loop",
    "loop/frame": "task/task",
    "loop/handle": "loop/event_loop",
    "loop/reactor": "loop/reactor_epoll",
    "loop/scheduler": "task/cancellation",
    "loop/signal_handlers": "loop/descriptor_callbacks",
    "loop/signal_wakeup": "task/run_in_child_process",
    "loop/task_details": "task/current_task",
    "loop/wait_queue": "sync/sync_waiter",
    "loop/waiter": "sync/sync_waiter",
    "task/as_task": "combine/timeout",
    "task/child_group": "combine/task_group",
    "task/done_callback": "task/task_handle",
    "task/task_tree": "task/runner",
    "task/watcher": "combine/wait",
    "testing/allocations": "testing/sweep",
    "testing/disturbance": "testing/sweep",
}

INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]*<eddy/([^>\n]+)\.hpp>", re.MULTILINE)
DIRECTIVE = re.compile(r"^[ \t]*#(?:\\\n|[^\n])*", re.MULTILINE)
FORWARD = re.compile(r"(?:template\s*<[^<>]*>\s*)?(?:class|struct)\s+\w+\s*;")
NAMESPACE = re.compile(r"\bnamespace\b[^{;]*\{([^{}]*)\}")


def is_empty(text):
    """Whether a header has nothing but includes and forward declarations."""
    code = DIRECTIVE.sub("", source_text.without_comments(text))
    return not NAMESPACE.sub(r"\1", FORWARD.sub("", code)).strip()


def tested_by(name, headers):
    """The header that a test file is named after, or None."""
    while name not in headers:
        shorter = name.rpartition("_")[0]
        if "/" not in shorter:
            return None
        name = shorter
    return name


def check(root, table_of_tests, table_of_headers):
    """What is wrong, as lines of text, and the numbers of headers and test files."""
    folder = root / "include" / "eddy"
    headers = {path.relative_to(folder).as_posix()[:-len(".hpp")]: path.read_text(encoding="utf-8")
               for path in sorted(folder.rglob("*.hpp"))}
    tests = sorted(path.relative_to(root / "tests").as_posix()[:-len("_test.cpp")]
                   for path in (root / "tests").rglob("*_test.cpp"))
    empty = {name for name, text in headers.items() if is_empty(text)}
    users = {name: [] for name in headers}
    for name, text in headers.items():
        for included in INCLUDE.findall(source_text.without_comments(text)) if name not in empty else ():
            users.get(included, []).append(name)

    found, tested = [], set()
    for name in tests:
        header = tested_by(name, headers)
        tested |= {header, *table_of_tests.get(name, ([], ""))[0]} - {None}
        if header is None and name not in table_of_tests:
            found.append(f"tests/{name}_test.cpp: is named after no header; rename it, or add it to TESTS")
        elif header is not None and name in table_of_tests:
            found.append(f"TESTS: {name} is not needed, its name is that of {header}")
    for name, (listed, _) in table_of_tests.items():
        found += [f"TESTS: {missing} does not exist" for missing in [name] * (name not in tests)
                  + [header for header in listed if header not in headers]]

    def is_reached(name):
        return name in tested or name in empty or (len(users[name]) == 1 and is_reached(users[name][0]))

    parts = {name for name in headers if is_reached(name)} - tested - empty
    for name in headers:
        if name not in table_of_headers and not is_reached(name):
            found.append(f"include/eddy/{name}.hpp: has no tests/{name}_test.cpp; write it, or add it to HEADERS")
    for name, test in table_of_headers.items():
        found += [f"HEADERS: {missing} does not exist" for missing in [name] * (name not in headers)
                  + [test] * (test not in tests)]
        if name in headers and is_reached(name):
            found.append(f"HEADERS: {name} is not needed")
    return found, (f"{len(headers)} headers: {len(tested)} with tests of their own, {len(parts)} parts of such, {len(empty)} with "
                   f"nothing to be tested, {len(table_of_headers)} seen through others; {len(tests)} test files")


CODE = "// A header.\n#pragma once\nnamespace eddy { int f(); }\n"
GOOD = {
    "include/eddy/eddy.hpp": "#include <eddy/flow/queue.hpp>\n#include <eddy/flow/part.hpp>\n",
    "include/eddy/fwd.hpp": "namespace eddy::inline EDDY_ABI {\ntemplate <class T = void>\nclass Task;\nstruct Loop;\n}\n",
    "include/eddy/format.hpp": CODE,
    "include/eddy/flow/queue.hpp": "#include <eddy/flow/part.hpp>\n#include <eddy/flow/machine.hpp>\n" + CODE,
    "include/eddy/flow/queue_items.hpp": CODE,
    "include/eddy/flow/part.hpp": "#include <eddy/flow/piece.hpp>\n" + CODE,
    "include/eddy/flow/piece.hpp": CODE,
    "include/eddy/flow/channel.hpp": "#include <eddy/flow/machine.hpp>\n" + CODE,
    "include/eddy/flow/machine.hpp": CODE,
    "tests/flow/queue_test.cpp": "",
    "tests/flow/queue_items_large_test.cpp": "",
    "tests/flow/channel_test.cpp": "",
    "tests/task/format_test.cpp": "",
}
GOOD_TABLES = {"task/format": (["format"], "a reason")}, {"flow/machine": "flow/queue"}
# What is wrong, files that are changed (None: removed), lines that are added to the tables, and what the report must say.
BAD = [
    ("a test of no header", {"tests/flow/lifo_test.cpp": ""}, {}, {}, "flow/lifo_test.cpp: is named after no header"),
    ("a prefix that ends within a word", {"tests/flow/queues_test.cpp": ""}, {}, {}, "flow/queues_test.cpp: is named after no"),
    ("a test in another folder", {"tests/task/queue_test.cpp": ""}, {}, {}, "task/queue_test.cpp: is named after no header"),
    ("a header without a test", {"include/eddy/flow/new.hpp": CODE}, {}, {}, "flow/new.hpp: has no tests/flow/new_test.cpp"),
    ("the longer prefix counts", {"tests/flow/queue_test.cpp": None}, {}, {}, "flow/queue.hpp: has no tests"),
    ("a part of what has no test", {"tests/flow/queue_test.cpp": None}, {}, {}, "flow/piece.hpp: has no tests"),
    ("a part of two", {"include/eddy/flow/channel.hpp": "#include <eddy/flow/part.hpp>\n" + CODE}, {}, {}, "flow/part.hpp: has no"),
    ("a needless line", {}, {"flow/queue": ([], "")}, {}, "TESTS: flow/queue is not needed"),
    ("a needless line", {}, {}, {"flow/part": "flow/queue"}, "HEADERS: flow/part is not needed"),
    ("no such test", {}, {"flow/none": ([], "")}, {}, "TESTS: flow/none does not exist"),
    ("no such header", {}, {"task/format": (["format", "flow/none"], "")}, {}, "TESTS: flow/none does not exist"),
    ("no such test", {}, {}, {"flow/machine": "flow/none"}, "HEADERS: flow/none does not exist"),
    ("no such header", {}, {}, {"flow/none": "flow/queue"}, "HEADERS: flow/none does not exist"),
]


def self_test():
    found = judged(GOOD, lambda root: check(root, *GOOD_TABLES)[0])
    wrong = [f"the good tree: {found}"] if found else []
    for title, files, tests, headers, expected in BAD:
        tables = GOOD_TABLES[0] | tests, GOOD_TABLES[1] | headers
        wrong += fault(title, expected, judged(GOOD | files, lambda root: check(root, *tables)[0]))
    return end(wrong, BAD)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:], lambda root: check(root, TESTS, HEADERS), self_test))
