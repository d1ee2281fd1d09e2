"""Runs a program and compares its standard output, byte for byte, with a file.

Usage: check.py --expected FILE [--timeout SECONDS] -- PROGRAM [ARGUMENT...]
"""
# SPDX-License-Identifier: MIT
import argparse
import difflib
import pathlib
import subprocess
import sys


def lines(output):
    return output.decode("utf-8", "backslashreplace").splitlines(keepends=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--expected", required=True, type=pathlib.Path)
    parser.add_argument("--timeout", default=60.0, type=float)
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()

    expected = arguments.expected.read_bytes()
    try:
        result = subprocess.run(arguments.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                timeout=arguments.timeout)
        actual, status = result.stdout, result.returncode
    except subprocess.TimeoutExpired as error:
        actual, status = error.stdout or b"", f"none after {arguments.timeout:g} s"

    if actual != expected:
        print(f"{arguments.command} printed something else than {arguments.expected}:")
        diff = difflib.unified_diff(lines(expected), lines(actual), "expected", "actual")
        print("".join(line if line.endswith("\n") else line + "\n\\ no newline here\n" for line in diff), end="")
    if status != 0:
        print(f"exit status: {status}")
    if actual != expected or status != 0:
        return 1
    print(f"{len(expected.splitlines())} lines as expected")
    return 0


if __name__ == "__main__":
    sys.exit(main())
