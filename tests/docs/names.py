"""Looks in docs/coming-from-asyncio.md for each public name of asyncio, and in the headers for each of eddy's that stands beside one.

The names are in asyncio_names.txt. In the first column of the page's tables, in code marks, stand
 - a name of asyncio's own, anywhere in a code mark: `asyncio.sleep(1)`;
 - a member behind its class: `Event.set`, `clear` names `Event.set` and `Event.clear`.
No other column may be empty in such a row. What the last column calls, `run_in_executor(pool, f)`, is declared in include/eddy,
but for the names in OTHERS.

Usage: names.py [ROOT] | --self-test
"""
# SPDX-License-Identifier: MIT
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "structure"))
from tree_check import end, fault, judged, run  # noqa: E402

NAMES, PAGE, HEADERS = "tests/docs/asyncio_names.txt", "docs/coming-from-asyncio.md", "include/eddy"
# What programs define themselves.
OTHERS = {"async_main"}
MARK = re.compile(r"`([^`]+)`")
NAME = re.compile(r"[A-Za-z_]\w*")
OWN = re.compile(r"(?<![\w.])(?:asyncio\.)?([A-Za-z_]\w*)")  # not a member of something
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def wanted(text):
    """The names of the list: `sleep`, `Event.set`."""
    lines = re.sub(r"\n +", " ", text).splitlines()
    for line in lines:
        if line and not line.startswith("#"):
            owner, names = line.split(": ")
            yield from (name if owner == "asyncio" else f"{owner}.{name}" for name in names.split())


def rows(text):
    """The cells of each row of the page's tables."""
    for line in FENCED.sub("", text).splitlines():
        if line.startswith("|") and not re.match(r"\|[-:| ]+\|$", line):
            yield [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def named(cell, names, owners):
    """What the code marks of a cell name, members with their class."""
    owner = None
    for mark in MARK.findall(cell):
        member = re.match(r"(\w+)\.\w+$", mark)
        if member and member[1] in owners:
            owner = member[1]
            yield mark
        if f"{owner}.{mark}" in names:
            yield f"{owner}.{mark}"
        else:
            yield from OWN.findall(mark)


def check(root):
    names = dict.fromkeys(wanted((root / NAMES).read_text(encoding="utf-8")))
    owners = {name.split(".")[0] for name in names if "." in name}
    declared = {word for path in (root / HEADERS).rglob("*.hpp") for word in NAME.findall(path.read_text(encoding="utf-8"))}
    found, violations = set(), []
    for cells in rows((root / PAGE).read_text(encoding="utf-8")):
        of_row = set(named(cells[0], names, owners)) & names.keys()
        found |= of_row
        if of_row and not all(cells[1:]):
            violations.append(f"{PAGE}: nothing stands beside {min(of_row)}")
        for mark in MARK.findall(cells[-1]) if of_row else ():
            for called in re.findall(r"([A-Za-z_]\w*)\(", mark):
                if called not in declared | OTHERS:
                    violations.append(f"{PAGE}: no header has {called}, which stands beside {min(of_row)}")
    violations += [f"{PAGE} does not have {name}" for name in names if name not in found]
    return violations, len(names)


# ------------------------------------------------------------------------------------------------------- self-test

GOOD = {
    NAMES: "# a comment\n\nasyncio: sleep\n  Event\nEvent: set clear\nloop: time\n",
    PAGE: "| asyncio | eddy |\n|---|---|\n| `asyncio.sleep(1)` | `sleep(1s)` |\n| `Event.set`, `clear` | the same |\n| `loop.time` | `time()` |\n",
    HEADERS + "/task/sleep.hpp": "sleep time\n",
}
BAD = [  # what is changed, and what is said of it
    ("a name that is not there", {NAMES: GOOD[NAMES] + "asyncio: run\n"}, "does not have run"),
    ("a member that is not there", {NAMES: GOOD[NAMES] + "Event: wait\n"}, "does not have Event.wait"),
    ("a member of another class", {PAGE: GOOD[PAGE].replace("| `Event.set`, `clear`", "| `Event.set` and | the same |\n| `clear`")}, "does not have Event.clear"),
    ("a name that is a member only", {NAMES: GOOD[NAMES] + "asyncio: clear\n"}, "does not have clear"),
    ("a member of something else", {PAGE: GOOD[PAGE].replace("`asyncio.sleep(1)`", "`time.sleep(1)`")}, "does not have sleep"),
    ("a name without code marks", {PAGE: GOOD[PAGE].replace("`asyncio.sleep(1)`", "asyncio.sleep(1)")}, "does not have sleep"),
    ("a name in the wrong column", {PAGE: GOOD[PAGE].replace("| `loop.time` | `time()` |", "| (none) | `loop.time` |")}, "does not have loop.time"),
    ("a name in a program", {PAGE: GOOD[PAGE].replace("| `loop.time` | `time()` |", "```python\n| `loop.time` | `time()` |\n```")}, "does not have loop.time"),
    ("a name with nothing beside it", {PAGE: GOOD[PAGE].replace("the same", "")}, "nothing stands beside Event"),
    ("a counterpart that is not there", {PAGE: GOOD[PAGE].replace("`sleep(1s)`", "`nap(1s)`")}, "no header has nap"),
]


def self_test():
    wrong = [f"good tree: {line}" for line in judged(GOOD, check)[0]]
    for title, changes, expected in BAD:
        wrong += fault(title, expected, judged({**GOOD, **changes}, check)[0])
    return end(wrong, BAD)


def look(root):
    violations, count = check(root)
    return violations, f"{count} names"


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:], look, self_test))
