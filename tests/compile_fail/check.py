"""Compiles a snippet that is wrong on purpose and looks for the sentence that its author is to be told.

The snippet's first lines are directives, one a line:

    // expect: REGEX            the sentence, somewhere in the first ten lines of what the compiler prints;
                                or the word `compiles`: this one is right and must be accepted
    // compiler: g++<13         optional: skip the snippet elsewhere; g++ or clang++, then < <= > >= == and a major version
    // flags: -Werror=unused    optional: more options for the compiler

Exit status: 0 as expected, 1 not, 2 a snippet without a usable `expect`, 77 skipped.
"""
# SPDX-License-Identifier: MIT
import argparse
import operator
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

LINES_READ = 10
PASSED, FAILED, UNUSABLE, SKIPPED = 0, 1, 2, 77
DIRECTIVE = re.compile(r"//\s*(expect|compiler|flags):\s*(.*\S)")
COMPILER = re.compile(r"(g\+\+|clang\+\+)\s*(?:(<=|>=|==|<|>)\s*(\d+))?")
COMPARE = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq}


def directives(text):
    found = {}
    for line in text.splitlines():
        match = DIRECTIVE.fullmatch(line.strip())
        if not match:
            break
        found[match[1]] = match[2]
    return found


def compiler_is_meant(wanted, compiler_id, version):
    match = COMPILER.fullmatch(wanted)
    if not match:
        raise ValueError(f"cannot read the compiler '{wanted}'")
    name, comparison, major = match.groups()
    if name != ("g++" if compiler_id == "GNU" else "clang++"):
        return False
    return comparison is None or COMPARE[comparison](int(version.split(".")[0]), int(major))


def precompiled(text, umbrella):
    """The options for a precompiled umbrella, where the snippet includes that before anything else."""
    first = re.search(r"(?m)^#.*", text)
    return ["-include-pch", umbrella] if umbrella and first and first[0] == "#include <eddy/eddy.hpp>" else []


def check(snippet, arguments):
    """The exit status for one snippet, and what to say about it."""
    text = snippet.read_text(encoding="utf-8")
    wanted = directives(text)
    if "expect" not in wanted:
        return UNUSABLE, "its first line is not '// expect: ...'"
    try:
        sentence = re.compile(wanted["expect"])
        if "compiler" in wanted and not compiler_is_meant(wanted["compiler"], arguments.id, arguments.version):
            return SKIPPED, f"meant for {wanted['compiler']} only"
    except (re.error, ValueError) as error:
        return UNUSABLE, str(error)

    flags = shlex.split(wanted.get("flags", ""))
    command = [arguments.compiler, "-std=c++20", "-fsyntax-only", *(f"-I{path}" for path in arguments.include), *flags,
               *([] if flags else precompiled(text, arguments.umbrella)), str(snippet)]
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    output = result.stdout
    if wanted["expect"] == "compiles":
        return (PASSED, "compiles") if result.returncode == 0 else (FAILED, "was to compile, but:\n" + output)
    if result.returncode == 0:
        return FAILED, "was to be refused, but compiles\n" + output
    if not any(sentence.search(line) for line in output.splitlines()[:LINES_READ]):
        return FAILED, f"'{wanted['expect']}' is not in the first {LINES_READ} lines of:\n" + output
    return PASSED, "refused with the expected sentence"


def self_test(arguments):
    name = "g++" if arguments.id == "GNU" else "clang++"
    other = "clang++" if name == "g++" else "g++"
    major = int(arguments.version.split(".")[0])
    refused = 'static_assert(sizeof(int) == 0, "an int has a size");\n'
    buried = "".join(f"unknown{i} variable{i};\n" for i in range(LINES_READ)) + refused
    cases = [
        ("the sentence is there", "// expect: an int .* size\n" + refused, PASSED),
        ("another sentence", "// expect: a long has a size\n" + refused, FAILED),
        ("the sentence comes too late", "// expect: an int has a size\n" + buried, FAILED),
        ("it compiles", "// expect: an int has a size\nint main() {}\n", FAILED),
        ("it compiles and may", "// expect: compiles\nint main() {}\n", PASSED),
        ("it was to compile", "// expect: compiles\n" + refused, FAILED),
        ("no directive", refused, UNUSABLE),
        ("a directive after the code", refused + "// expect: an int has a size\n", UNUSABLE),
        ("a broken expression", "// expect: (\n" + refused, UNUSABLE),
        ("a compiler nobody knows", "// expect: x\n// compiler: cc\n" + refused, UNUSABLE),
        ("this compiler", f"// expect: size\n// compiler: {name}\n" + refused, PASSED),
        ("this version", f"// expect: size\n// compiler: {name}=={major}\n" + refused, PASSED),
        ("an older version", f"// expect: size\n// compiler: {name}<{major}\n" + refused, SKIPPED),
        ("the other compiler", f"// expect: size\n// compiler: {other}>={major}\n" + refused, SKIPPED),
        ("flags", "// expect: unused\n// flags: -Werror=unused-variable\nint main() { int i = 0; }\n", PASSED),
    ]
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for title, text, expected in cases:
            snippet = pathlib.Path(folder, "snippet.cpp")
            snippet.write_text(text, encoding="utf-8")
            status, message = check(snippet, arguments)
            if status != expected:
                wrong += 1
                print(f"{title}: status {status} instead of {expected}: {message}")
    print(f"{len(cases)} cases, {wrong} wrong")
    return FAILED if wrong else PASSED


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--compiler", required=True)
    parser.add_argument("--id", required=True, help="CMake's name of the compiler, GNU or Clang")
    parser.add_argument("--version", required=True)
    parser.add_argument("--include", action="append", default=[])
    parser.add_argument("--umbrella", help="a precompiled eddy/eddy.hpp, for clang++")
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("snippet", nargs="?", type=pathlib.Path)
    arguments = parser.parse_args()
    if arguments.self_test:
        return self_test(arguments)
    if arguments.snippet is None:
        parser.error("which snippet?")
    status, message = check(arguments.snippet, arguments)
    print(f"{arguments.snippet.name}: {message}")
    return status


if __name__ == "__main__":
    sys.exit(main())
