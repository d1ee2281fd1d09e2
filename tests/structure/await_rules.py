"""Finds each `co_await` in a place where g++ before 13 miscompiles it, or where it would run twice.

 - in the condition of if, while, switch or for without a declaration: `if (co_await x)` may lay out the frame wrongly;
   `while (auto item = co_await source.next())` and `if (auto r = co_await x; r)` are right everywhere
 - in the range of a range-for
 - in a check macro (REQUIRE, CHECK and their family), which may evaluate its argument more than once

Reads include/, tests/ and examples/ below the given folder, except tests/compile_fail. A file that shows the trap on
purpose says so in a comment: `// structure: allow-bare-await`.

Usage: await_rules.py [ROOT] | --self-test
"""
# SPDX-License-Identifier: MIT
import pathlib
import re
import sys
import tempfile

import source_text
from tree_check import run

EXEMPT = re.compile(r"^\s*// structure: allow-bare-await\b", re.MULTILINE)
CONDITION = re.compile(r"\b(if|while|switch|for)\s*(?:constexpr\s*)?\(")
MACRO = re.compile(r"\b(\w*(?:REQUIRE|CHECK)[A-Z_]*)\s*\(")
AWAIT = re.compile(r"\bco_await\b")
# A type, a name, then `=`: `auto x =`, `const std::optional<int>& x =`, `auto [a, b] =`.
DECLARATION = re.compile(r"\s*[\w:]+(?:\s+[\w:]+)*\s*(?:<[^;=]*>)?[\s&*]+(?:const\s+)?(?:\w+|\[[^\]]*\])\s*=(?!=)")


def is_bare(part):
    """Whether this part of a condition awaits anywhere but in the initialiser of a declaration."""
    if not AWAIT.search(part):
        return False
    declaration = DECLARATION.match(part)
    return not declaration or AWAIT.search(part, 0, declaration.end()) is not None


def findings(text):
    """Yields (line, message) for each violation in one file."""
    if EXEMPT.search(text):
        return
    code = source_text.without_comments_and_literals(text)
    for match in CONDITION.finditer(code):
        end = source_text.closing(code, match.end() - 1)
        if end is None:
            continue
        inside = source_text.without_nested_bodies(code[match.end():end])
        parts = source_text.split_top_level(inside, ";")
        if match[1] == "for":
            if len(parts) == 3:
                parts = parts[1:2]  # what a for starts with and steps by are plain expressions
            else:
                range_for = source_text.split_top_level(parts[-1], ":")
                if len(range_for) > 1 and AWAIT.search(range_for[-1]):
                    yield source_text.line_of(code, match.start()), "co_await in the range of a for: bind it first"
                parts = parts[:-1]
        if any(is_bare(part) for part in parts):
            yield (source_text.line_of(code, match.start()),
                   f"bare co_await in the condition of {match[1]}: declare a variable there, or bind the result first")
    for match in MACRO.finditer(code):
        end = source_text.closing(code, match.end() - 1)
        if end is not None and AWAIT.search(source_text.without_nested_bodies(code[match.end():end])):
            yield source_text.line_of(code, match.start()), f"co_await inside {match[1]}: await first, then check"


def check(root):
    """The violations below `root` as lines of text, and the number of files read."""
    violations, count = [], 0
    for folder in ("include", "tests", "examples"):
        for path in sorted((root / folder).rglob("*")):
            name = path.relative_to(root)
            if path.suffix not in (".hpp", ".cpp") or name.parts[:2] == ("tests", "compile_fail"):
                continue
            count += 1
            for line, message in findings(path.read_text(encoding="utf-8")):
                violations.append(f"{name}:{line}: {message}")
    return violations, count


WRONG = [
    "if (co_await x) {}",
    "if (!co_await x) {}",
    "if constexpr (co_await x) {}",
    "while (co_await x) {}",
    "do {} while (flag && co_await x);",
    "switch (co_await x) {}",
    "if (y == co_await x) {}",
    "if ((y = co_await x)) {}",
    "if (y = co_await x) {}",
    "if (int const y = f(); y < co_await x) {}",
    "if (auto y = co_await x; y && co_await z) {}",
    "if (co_await x; true) {}",
    "if (f(a,\n      co_await x)) {}",
    "for (; co_await x;) {}",
    "for (auto y : co_await x) {}",
    "for (auto y = f(); int z : co_await x) {}",
    "if (f({co_await x})) {}",
    'if (s == ")" || co_await x) {}',
    "run([]() -> Task<> { if (co_await x) { co_return; } });",
    "REQUIRE(co_await x);",
    "CHECK(1 == co_await x);",
    "REQUIRE_FALSE(co_await x);",
    "REQUIRE_THROWS_AS(co_await x, Error);",
    "EDDY_CHECK(co_await x);",
    "#define F \\\n  if (co_await x) {}",
]
RIGHT = [
    "co_await x;",
    "auto y = co_await x; if (y) {}",
    "if (auto y = co_await x) {}",
    "while (auto item = co_await source.next()) {}",
    "while (const std::optional<int>& item = co_await source.next()) {}",
    "if (std::map<int, std::string> const y = co_await x; y.empty()) {}",
    "if (auto [a, b] = co_await x; a) {}",
    "if (auto* y = co_await x; y) {}",
    "switch (int const y = co_await x; y) {}",
    "// if (co_await x)\n/* while (co_await x) */",
    'char const* s = "if (co_await x)";',
    'auto s = R"(if (co_await x) ")";',
    "char c = '\"'; int n = 1'000; if (n) { co_await x; }",
    "if (y) { co_await x; }",
    "for (int i = co_await x; i < 3; ++i) {}",
    "for (auto y : values) { co_await x; }",
    "if (run([]() -> Task<int> { co_return co_await x; })) {}",
    "REQUIRE(run([]() -> Task<int> { co_return co_await x; }()) == 1);",
    "REQUIRE(y); co_await x;",
    "// structure: allow-bare-await\nif (co_await x) {}",
]


def self_test():
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for place in ("include/eddy/task", "tests/task", "examples", "tests/compile_fail"):
            (root / place).mkdir(parents=True)
        for place, cases, expected in (
                ("include/eddy/task/a.hpp", WRONG, 1), ("tests/task/a_test.cpp", WRONG[:1], 1),
                ("examples/01_a.cpp", WRONG[:1], 1), ("tests/compile_fail/a.cpp", WRONG, 0),
                ("include/eddy/task/a.hpp", RIGHT, 0)):
            for case in cases:
                (root / place).write_text(case + "\n", encoding="utf-8")
                violations, _ = check(root)
                if len(violations) != expected:
                    wrong += 1
                    print(f"{place}: {len(violations)} violations instead of {expected} in:\n{case}\n{violations}")
            (root / place).unlink()
    print(f"{len(WRONG)} wrong and {len(RIGHT)} right pieces of code, {wrong} judged wrongly")
    return 1 if wrong else 0


def look(root):
    violations, count = check(root)
    return violations, f"{count} files"


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:], look, self_test))
