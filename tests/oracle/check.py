"""Compares what one side of a pair prints with the pair's trace.

A pair is NAME.py, NAME.cpp and NAME.expected. Where eddy differs by design there is also NAME.eddy.expected, which the C++
side has to print. The first line of NAME.py is `# Python: VERSION`, the oldest CPython that the program runs on; on an
older one its side is skipped, and a trace that has never been run starts with a line `(not run here)`.

Usage: check.py cpp NAME PROGRAM_OF_ALL | check.py python NAME | check.py list
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


def expected(name, side):
    path = HERE / f"{name}.eddy.expected"
    if side == "python" or not path.exists():
        path = HERE / f"{name}.expected"
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line != NOT_RUN]


def version(name):
    first = (HERE / f"{name}.py").read_text(encoding="utf-8").splitlines()[0]
    match = re.fullmatch(r"# Python: (\d+)\.(\d+)", first)
    if match is None:
        sys.exit(f"{name}.py does not begin with '# Python: 3.N'")
    return int(match[1]), int(match[2])


def main():
    side, *rest = sys.argv[1:]
    if side == "list":
        names = sorted(path.stem for path in HERE.glob("*.py") if path.stem != "check")
        differ = [name for name in names if (HERE / f"{name}.eddy.expected").exists()]
        print(f"{len(names)} pairs, {len(differ)} of them with a designed difference: {', '.join(differ)}")
        incomplete = [name for name in names for end in ("cpp", "expected") if not (HERE / f"{name}.{end}").exists()]
        print(*(f"{name} is not complete" for name in incomplete), sep="\n")
        return 1 if incomplete or len(names) < 40 else 0
    name = rest[0]
    if side == "python":
        if sys.version_info[:2] < version(name):
            print(f"needs Python {version(name)}: not run here")
            return SKIPPED
        command = [sys.executable, "-B", str(HERE / f"{name}.py")]
    else:
        command = [rest[1], name]
    environment = {**os.environ, "PYTHONPATH": str(HERE / "support"), "PYTHONHASHSEED": "0"}
    result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=60, env=environment)
    actual = result.stdout.decode("utf-8", "backslashreplace").splitlines()
    wanted = expected(name, side)
    if actual == wanted and result.returncode == 0:
        print(f"{len(wanted)} lines as expected")
        return 0
    print(f"{name}, {side}: exit status {result.returncode}")
    for number in range(max(len(actual), len(wanted))):
        a = actual[number] if number < len(actual) else "(nothing)"
        w = wanted[number] if number < len(wanted) else "(nothing)"
        print(f"{'  ' if a == w else '! '}{w!r:50} {a!r}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
