#!/usr/bin/env python3
"""Every behaviour of catalogue.txt has a test that names it, or an entry in docs/coming-from-asyncio.md.

A test names it by a tag such as [c17], a compile-fail snippet in a comment. An entry stands under one of two headings:
what has no meaning here may be 12 % of the catalogue at most; what is not built yet is counted apart. A tag without a
line in the catalogue, a number that stands twice and an entry for what is tested are errors.

Prints how many of the test cases on the kit CTest runs in many orders of tasks, and fails below 70 %. Hidden test cases
do not count, since CTest does not run them; large ones run in a few orders and are no part of the 70 %.

Usage: check.py [--list] [ROOT] | --self-test
--list prints each behaviour with the tests or the entry that it has.
"""
# SPDX-License-Identifier: MIT
import collections
import pathlib
import re
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "structure"))
import source_text

NO_MEANING = "## Behaviours that have no meaning here"
NOT_BUILT_YET = "## Behaviours that are not built yet"
LARGEST_SHARE = 0.12
SMALLEST_SEEDED = 0.7
FIFO_ONLY = {"[order]", "[deep]"}
IN_FEW_ORDERS = {"[real]", "[socket]", "[large]"}  # seeds/real and seeds/large
# What else tests/CMakeLists.txt leaves out of seeds/*: tags, and folders of tests/.
ALSO_UNSEEDED = {"testing/"}
TAG = re.compile(r"\[c(\d+)\]")
MACRO = re.compile(r"^(\w*TEST_CASE\w*)\(", re.MULTILINE)
STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"')

Test = collections.namedtuple("Test", "place name run swept")  # how CTest runs it: one of these; cancelled at each point or not
SEEDED, FEW, FIFO, UNSEEDED, HIDDEN, OTHER = (
    "in many orders", "in a few orders", "in FIFO order only", "in one order so far", "hidden", "without the kit")
IN_ORDERS = (SEEDED, FEW)


def is_swept(macro, place, tags):
    """Whether cancellations/* and allocations/* take it."""
    left_out = {"[deep]", *IN_FEW_ORDERS}
    return macro.startswith("EDDY_") and "[." not in tags and not any(part in tags or place.startswith(part) for part in left_out | ALSO_UNSEEDED)


def kind_of(macro, place, tags):
    if "[." in tags:
        return HIDDEN
    if not macro.startswith("EDDY_"):
        return OTHER
    if any(tag in tags for tag in FIFO_ONLY):
        return FIFO
    if any(part in tags or place.startswith(part) for part in ALSO_UNSEEDED):
        return UNSEEDED
    return FEW if any(tag in tags for tag in IN_FEW_ORDERS) else SEEDED


def tests_of(root):
    """The test cases, and for each number the tests that name it."""
    cases, pins = [], collections.defaultdict(list)
    for path in sorted((root / "tests").rglob("*.cpp")):
        place = path.relative_to(root / "tests").as_posix()
        text = path.read_text(encoding="utf-8")
        outside = text
        code = source_text.without_comments_and_literals(text)
        literals = source_text.without_comments(text)
        for match in MACRO.finditer(code):
            end = source_text.closing(code, match.end() - 1)
            comma = match.end() + len(source_text.split_top_level(code[match.end():end], ",")[0])
            name = "".join(STRING.findall(literals[match.end():comma]))
            tags = "".join(STRING.findall(literals[comma:end]))
            test = Test(place, name, kind_of(match[1], place, tags), is_swept(match[1], place, tags))
            cases.append(test)
            for number in TAG.findall(tags):
                pins[int(number)].append(test)
            outside = outside[:match.start()] + source_text.blank(outside[match.start():end]) + outside[end:]
        for match in TAG.finditer(outside):
            pins[int(match[1])].append(Test(place, f"line {source_text.line_of(text, match.start())}", OTHER, False))
    return cases, pins


def entries_of(root):
    """The numbers that stand under each heading of the documentation; the two of entries are always there."""
    found, heading = {NO_MEANING: set(), NOT_BUILT_YET: set()}, ""
    for line in (root / "docs/coming-from-asyncio.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            heading = line
        for number in TAG.findall(line):
            found.setdefault(heading, set()).add(int(number))
    return found


def catalogue_of(root):
    """Number and text of each line."""
    lines = (root / "tests/conformance/catalogue.txt").read_text(encoding="utf-8").splitlines()
    return [(int(line.split(" ", 1)[0]), line.split(" ", 1)[1]) for line in lines if line[:1].isdigit()]


def check(root, listing=False):
    """The lines to print, and the errors."""
    lines, (cases, pins), entries = catalogue_of(root), tests_of(root), entries_of(root)
    catalogue = dict(lines)
    tested = [number for number in catalogue if any(test.run != HIDDEN for test in pins.get(number, ()))]
    errors = [f"{number} stands in the catalogue {count} times"
              for number, count in collections.Counter(number for number, _ in lines).items() if count > 1]
    errors += [f"{tests[0].place}: {tests[0].name}: [c{number}] is not in the catalogue"
               for number, tests in sorted(pins.items()) if number not in catalogue]
    for heading, numbers in entries.items():
        for number in sorted(numbers):
            if heading not in (NO_MEANING, NOT_BUILT_YET):
                errors.append(f"docs/coming-from-asyncio.md: [c{number}] stands under '{heading}', where no entry counts")
            if number not in catalogue:
                errors.append(f"docs/coming-from-asyncio.md: [c{number}] is not in the catalogue")
            elif number in tested:
                errors.append(f"docs/coming-from-asyncio.md: [c{number}] has an entry, though it is tested")
    no_meaning = entries[NO_MEANING] & catalogue.keys()
    not_built_yet = (entries[NOT_BUILT_YET] - no_meaning) & catalogue.keys()
    missing = sorted(catalogue.keys() - set(tested) - no_meaning - not_built_yet)
    errors += [f"{number} has neither a test nor an entry: {catalogue[number]}" for number in missing]
    share = len(no_meaning) / max(len(catalogue), 1)
    if share > LARGEST_SHARE or not catalogue:
        errors.append(f"{share:.1%} of the catalogue has no meaning here, more than {LARGEST_SHARE:.0%}")

    runs = collections.Counter(test.run for test in cases)
    kit = len(cases) - runs[HIDDEN] - runs[OTHER]
    seeded = runs[SEEDED] + runs[FEW]
    if not kit or seeded < SMALLEST_SEEDED * kit:
        errors.append(f"{seeded} of {kit} test cases run in more than one order of tasks, fewer than {SMALLEST_SEEDED:.0%}")
    one_order = [number for number in tested if not any(test.run in IN_ORDERS or test.swept for test in pins[number])]
    swept = sum(test.swept for test in cases)

    output = []
    for number, text in catalogue.items() if listing else ():
        output.append(f"{number} {text}")
        output += [f"    {test.place}: {test.name}" + ("" if test.run in IN_ORDERS else f" ({test.run})")
                   for test in pins.get(number, ())]
        output += ["    no meaning here"] * (number in no_meaning) + ["    not built yet"] * (number in not_built_yet)
    output += [
        f"{len(catalogue)} behaviours: {len(tested)} tested, {len(not_built_yet)} not built yet, "
        f"{len(no_meaning)} without a meaning here ({share:.1%}), {len(missing)} missing",
        f"{kit} test cases run on the kit: {seeded} ({seeded / max(kit, 1):.1%}) in more than one order of tasks, "
        f"{runs[FEW]} of them, large or on real time, in a few, {runs[FIFO]} in FIFO order for what they assert or for their depth, "
        f"{runs[UNSEEDED]} not yet in any other ({', '.join(sorted(ALSO_UNSEEDED))}); "
        f"apart from these {runs[OTHER]} without the kit, {runs[HIDDEN]} hidden",
        f"{swept} test cases are cancelled at each of their points",
        f"{len(one_order)} of the tested behaviours have only tests that run in one order of tasks and without sweeps"
        + (": " + " ".join(map(str, one_order)) if listing else " (--list names them)")]
    return output, errors


CATALOGUE = "# text\n## AREA\n1 One\n2 Two\n4 Four\n" + "".join(f"{number} More\n" for number in range(10, 30))
DIFFERENCES = f"# Title\n{NOT_BUILT_YET}\n- [c2] two\n{NO_MEANING}\n| [c4] | four | none |\n"
TESTS = ("// [order]\nEDDY_TEST_CASE(\"one, \\\"quoted\\\" {\"\n               \"and more\", \"[c1]\")  // a comment\n{ a[c0]; }\n"
         + "".join(f'EDDY_LOOP_TEST_CASE("n", "[c{number}]") {{}}\n' for number in range(10, 30))
         + 'TEST_CASE("plain", "[c1]") {}\nEDDY_TEST_CASE("hidden", "[.][order]") {}\n'
         + 'EDDY_TEST_CASE("large", "[large]") {}\nEDDY_TEST_CASE("order", "[order]") {}\n'
         + 'EDDY_TEST_CASE("real", "[real]") {}\n')
BAD = [
    ("catalogue", "2 Two\n", "2 Two\n2 Two\n", "2 stands in the catalogue 2 times"),
    ("catalogue", "2 Two\n", "2 Two\n3 Three\n", "3 has neither a test nor an entry"),
    ("catalogue", "4 Four\n", "", "coming-from-asyncio.md: [c4] is not in the catalogue"),
    ("catalogue", "1 One\n", "", "a_test.cpp: one, \\\"quoted\\\" {and more: [c1] is not in the catalogue"),
    ("differences", "[c2]", "[c1][c2]", "[c1] has an entry, though it is tested"),
    ("differences", "# Title\n", "# Title\n[c2]\n", "[c2] stands under ''"),
    ("differences", "[c4]", "[c2][c4][c5][c6]", "[c5] is not in the catalogue"),
    ("tests", "a[c0]", "// [c9]", "line 4: [c9] is not in the catalogue"),
    ("tests", '"[c10]"', '"[c11]"', "10 has neither a test nor an entry"),
    ("tests", "[real]", "[real]\") {}\n" + "EDDY_TEST_CASE(\"n\", \"[order]\") {}\n" * 10 + "TEST_CASE(\"n\", \"[a]", "of 34 test cases"),
]


def self_test():
    def result(files):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, text in (("tests/conformance/catalogue.txt", files["catalogue"]),
                               ("docs/coming-from-asyncio.md", files["differences"]),
                               ("tests/a_test.cpp", files["tests"])):
                path = root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            return check(root)

    good = {"catalogue": CATALOGUE, "differences": DIFFERENCES, "tests": TESTS.replace("a[c0]", "a[0]")}
    output, errors = result(good)
    wrong = [f"the good tree: {errors}"] if errors else []
    for text in ("23 behaviours: 21 tested, 1 not built yet, 1 without", "24 test cases run on the kit: 23 (95.8%)",
                 "2 of them, large or on real time, in a few, 1 in FIFO", "0 not yet", "these 1 without the kit, 1 hidden", "0 of the tested"):
        if text not in "\n".join(output):
            wrong.append(f"'{text}' not in {output}")
    for which, before, after, expected in BAD:
        changed = {**good, which: {**good, "tests": TESTS}[which].replace(before, after)}
        if not any(expected in line for line in result(changed)[1]):
            wrong.append(f"'{expected}' not in {result(changed)[1]}")
    print("\n".join(wrong + [f"1 good tree, {len(BAD)} bad ones, {len(wrong)} judged wrongly"]))
    return 1 if wrong else 0


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    listing = "--list" in arguments
    roots = [argument for argument in arguments if argument != "--list"]
    output, errors = check(pathlib.Path(roots[0]) if roots else pathlib.Path(__file__).resolve().parents[2], listing)
    print("\n".join(output + errors))
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
