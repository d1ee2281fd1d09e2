"""Compares what the Python side of a pair prints with the pair's trace, and checks that the pairs are complete.

A pair is NAME.py, NAME.cpp and NAME.expected. Where eddy differs by design there is also NAME.eddy.expected, which the C++
side has to print. The C++ side is compared by the program eddy_oracle itself, without Python.

The first line of NAME.py is `# Python: VERSION`: NAME.expected is the trace of that CPython. An older one skips the
program. A later one has to print the same; if it does not, the test fails and somebody has to look at the difference.
Once that is done, a second line `# Differs from Python VERSION on: REASON` lets the later ones skip the program.

The project's own runs have CPython 3.11. A trace of a later one, which they cannot confirm, begins with a line
`(not run here)`, and no other trace does.

Each difference in docs/coming-from-asyncio.md that has programs names the pairs that pin it, after `Pairs:`, and each
pair with a designed difference is named there. The Python programs of that page are run, too.

Usage: check.py python NAME | check.py list | check.py documented
"""
# SPDX-License-Identifier: MIT
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
SKIPPED = 77
NOT_RUN = "(not run here)"
PROJECT_RUNS = (3, 11)
HERE_RUNS = sys.version_info[:2]
DIFFERENCES = HERE.parents[1] / "docs/coming-from-asyncio.md"
PROGRAM = re.compile(r"^```python run\n(.*?)^```\n```text\n(.*?)^```\n", re.DOTALL | re.MULTILINE)


def lines_of(path):
    return path.read_text(encoding="utf-8").splitlines()


def marked(path):
    return NOT_RUN in lines_of(path)[:1]


def versions(name):
    """The version that the trace is of, and the one from which on CPython is known to differ; each may be None."""
    first, second, *_ = lines_of(HERE / f"{name}.py") + ["", ""]
    holds = re.fullmatch(r"# Python: (\d+)\.(\d+)", first)
    differs = re.fullmatch(r"# Differs from Python (\d+)\.(\d+) on: .+", second)
    return tuple(match and (int(match[1]), int(match[2])) for match in (holds, differs))


def dotted(version):
    return ".".join(str(part) for part in version)


def run_program(*arguments):
    """What a Python program prints, on a clock that jumps, and its exit status."""
    environment = {**os.environ, "PYTHONPATH": str(HERE / "support"), "PYTHONHASHSEED": "0"}
    result = subprocess.run([sys.executable, "-B", *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            timeout=60, env=environment)
    return result.stdout.decode("utf-8", "backslashreplace").splitlines(), result.returncode


def agree(title, wanted, actual, status):
    if actual == wanted and status == 0:
        print(f"{title}: {len(wanted)} lines as expected")
        return True
    print(f"{title}: exit status {status}; what is expected, and what was printed:")
    for number in range(max(len(actual), len(wanted))):
        a = actual[number] if number < len(actual) else "(nothing)"
        w = wanted[number] if number < len(wanted) else "(nothing)"
        print(f"{'  ' if a == w else '! '}{w!r:50} {a!r}")
    return False


def run_python(name):
    """The exit status of the test."""
    holds, differs = versions(name)
    if holds is None:
        sys.exit(f"{name}.py does not begin with '# Python: 3.N'")
    if HERE_RUNS < holds or differs and HERE_RUNS >= differs:
        print(f"not run here: the trace is CPython {dotted(holds)}'s, and this is {dotted(HERE_RUNS)}")
        return SKIPPED
    path = HERE / f"{name}.expected"
    wanted = lines_of(path)[1:] if marked(path) else lines_of(path)
    if agree(name, wanted, *run_program(str(HERE / f"{name}.py"))):
        return 0
    if HERE_RUNS > holds:
        print(f"The trace is CPython {dotted(holds)}'s, and this is {dotted(HERE_RUNS)}: look at what has changed.")
    return 1


def run_documented():
    """The exit status of the test."""
    if HERE_RUNS < PROJECT_RUNS:
        print(f"not run here: the programs are for CPython {dotted(PROJECT_RUNS)}, and this is {dotted(HERE_RUNS)}")
        return SKIPPED
    start = "import asyncio, virtual_loop\nasyncio.run = virtual_loop.run\n"
    programs = [(title, *match.groups()) for title, text in sections() for match in PROGRAM.finditer(text)]
    if len(programs) != DIFFERENCES.read_text(encoding="utf-8").count("\n```python run\n"):
        print("a Python program is not followed by what it prints")
        return 1
    results = [agree(title, wanted.splitlines(), *run_program("-c", start + code)) for title, code, wanted in programs]
    return 0 if results and all(results) else 1


def faults_of(name):
    """What is wrong with a pair."""
    missing = [end for end in ("py", "cpp", "expected") if not (HERE / f"{name}.{end}").exists()]
    if missing:
        return [f"there is no {name}.{end}" for end in missing]
    holds, _ = versions(name)
    if holds is None:
        return [f"{name}.py does not begin with '# Python: 3.N'"]
    faults = []
    if marked(HERE / f"{name}.expected") != (holds > PROJECT_RUNS):
        faults.append(f"{name}.expected is CPython {dotted(holds)}'s: it must {'' if holds > PROJECT_RUNS else 'not '}begin with {NOT_RUN}")
    own = HERE / f"{name}.eddy.expected"
    if own.exists() and marked(own):
        faults.append(f"{own.name} is not CPython's, so it must not begin with {NOT_RUN}")
    return faults


def sections():
    """The title and the text of each section of the page of differences."""
    for section in re.split(r"^## ", DIFFERENCES.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        title, text = section.split("\n", 1)
        yield title, text


def faults_of_page(names, differ):
    """What is wrong with the page of differences."""
    faults, named = [], set()
    for title, text in sections():
        pairs = re.search(r"^Pairs: (.*?)(?:\n\n|\Z)", text, re.DOTALL | re.MULTILINE)
        pairs = re.findall(r"`(\w+)`", pairs[1]) if pairs else []
        if " run\n" in text and not pairs:
            faults.append(f"{DIFFERENCES.name} names no pairs in '{title}'")
        faults += [f"{DIFFERENCES.name} names the pair {name}, which is not there" for name in pairs if name not in names]
        named.update(pairs)
    return faults + [f"{DIFFERENCES.name} does not name the pair {name}" for name in differ if name not in named]


def check_pairs():
    """The exit status of the test."""
    files = [path for path in HERE.iterdir() if path.suffix in (".py", ".cpp", ".expected") and path.name != "check.py"]
    names = sorted({path.name.split(".")[0] for path in files})
    faults = [fault for name in names for fault in faults_of(name)]
    differ = [name for name in names if (HERE / f"{name}.eddy.expected").exists()]
    faults += faults_of_page(names, differ)
    print(f"{len(names)} pairs, {len(differ)} of them with a designed difference: {', '.join(differ)}")
    print(*faults, sep="\n")
    return 1 if faults or len(names) < 40 else 0


def main():
    arguments = sys.argv[1:]
    if arguments[:1] == ["python"] and len(arguments) == 2:
        return run_python(arguments[1])
    if arguments == ["list"]:
        return check_pairs()
    if arguments == ["documented"]:
        return run_documented()
    return __doc__


if __name__ == "__main__":
    sys.exit(main())
