#!/usr/bin/env python3
"""Every behaviour of catalogue.txt has a test that names it, or an entry in docs/asyncio-differences.md.

A test names it by a tag such as [c17], a compile-fail snippet in a comment. Prints the share of entries without a
meaning here and fails above 12 %. Prints how many of the tests run in many orders of tasks and fails below 70 %.
"""
# SPDX-License-Identifier: MIT
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
TAG = re.compile(r"\[c(\d+)\]")
LARGEST_SHARE = 0.12
SMALLEST_SEEDED = 0.7
# A test case on the testing kit: its macro's arguments, up to the brace.
CASE = re.compile(r"^EDDY_(?:LOOP_)?TEST_CASE\(((?:[^{\"]|\"(?:[^\"\\\\]|\\\\.)*\")*)\)\s*\{", re.MULTILINE)
FIFO_ONLY = re.compile(r"\[(?:order|real|socket|deep)\]")


def numbers_in(paths):
    return {int(number) for path in paths for number in TAG.findall(path.read_text(encoding="utf-8"))}


def main():
    lines = (ROOT / "tests/conformance/catalogue.txt").read_text(encoding="utf-8").splitlines()
    catalogue = {int(line.split(" ", 1)[0]): line.split(" ", 1)[1] for line in lines if line[:1].isdigit()}
    tested = numbers_in((ROOT / "tests").rglob("*.cpp"))
    explained = numbers_in([ROOT / "docs/asyncio-differences.md"])
    missing = [number for number in catalogue if number not in tested and number not in explained]
    without_meaning = [number for number in catalogue if number not in tested and number in explained]
    share = len(without_meaning) / len(catalogue)
    for number in missing:
        print(f"{number} has neither a test nor an entry: {catalogue[number]}")
    print(f"{len(catalogue)} behaviours, {len(catalogue) - len(missing) - len(without_meaning)} tested, "
          f"{len(without_meaning)} explained ({share:.1%}), {len(missing)} missing")
    cases = [tags for path in (ROOT / "tests").rglob("*_test.cpp") for tags in CASE.findall(path.read_text(encoding="utf-8"))]
    seeded = [tags for tags in cases if not FIFO_ONLY.search(tags)]
    order = sum("[order]" in tags for tags in cases)
    print(f"{len(cases)} test cases run loops: {len(seeded)} ({len(seeded) / len(cases):.0%}) in many orders of tasks, "
          f"{order} assert the order of what is ready, {len(cases) - len(seeded) - order} wait for real time or are too large")
    return 1 if missing or share > LARGEST_SHARE or not catalogue or len(seeded) < SMALLEST_SEEDED * len(cases) else 0


if __name__ == "__main__":
    sys.exit(main())
