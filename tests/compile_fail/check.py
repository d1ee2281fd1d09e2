"""Compiles snippets that are wrong on purpose and looks for the sentences that their author is to be told.

A snippet's first lines are directives, one a line:

    // expect: REGEX            the sentence, in the line of the first error, which is among the first ten lines of what the
                                compiler prints; or the word `compiles`: this one is right and must be accepted
    // compiler: g++<13         optional: skip the snippet elsewhere; g++ or clang++, then < <= > >= == and a major version
    // needs: openssl/ssl.h     optional: skip the snippet where the compiler does not find this header

A failed static_assert is one line with its text. OWN_ERRORS lists the snippets whose first error cannot be eddy's sentence; there it
is the comment at the deleted function, or the compiler's own words, and somewhere in the first ten lines.

A snippet of many wrong lines has no `expect`. Each of those lines ends with what is said of it, as an error at that line;
there is no other error:

    statement;  // error: REGEX

A discarded result counts as an error. What the snippets include is precompiled first, in the folder given by --build: the core's
umbrella for those that include nothing else of eddy, everything for the others. Many snippets are compiled at a time, each in a
namespace of its own; one that is not told its sentence in that company is compiled alone, and that result counts.

Usage: check.py --compiler g++ [--jobs N] [SNIPPET...], all snippets of this folder if none is named; or --self-test
"""
# SPDX-License-Identifier: MIT
import argparse
import concurrent.futures
import operator
import pathlib
import re
import subprocess
import sys
import tempfile

LINES_READ = 10
PASSED, FAILED, UNUSABLE, SKIPPED = "passed", "failed", "unusable", "skipped"
FOLDER = pathlib.Path(__file__).resolve().parent
FLAGS = ["-std=c++20", "-Werror=unused-result", "-Werror=unused-value"]
DIRECTIVE = re.compile(r"//\s*(expect|compiler|needs):\s*(.*\S)")
ERROR = re.compile(r"//\s*error:\s*(.*\S)")
MESSAGE = re.compile(r"[^ ].*?: (?:fatal )?(error|warning|note): ")
CONTEXT = re.compile(r"In file included from |[^ ].*?: In |[^ ].*?: (?:fatal )?(?:error|warning): ")
FIRST_ERROR = re.compile(r": (?:fatal )?error: ")
INCLUDE = re.compile(r"(?m)^#include <[^>\n]+>")
UMBRELLA = "#include <eddy/eddy.hpp>"
COMPILER = re.compile(r"(g\+\+|clang\+\+)\s*(?:(<=|>=|==|<|>)\s*(\d+))?")
# The snippets whose first error is the compiler's own, since no header can put words into it: the reason, and what that line has.
DELETED_COPY = ("a copy can only be deleted: a constructor with a sentence would make the type one that can be copied",
                r"(?:use of|call to) deleted (?:function|constructor)")
NO_RETURN_VALUE = ("a promise has either return_void or return_value, so it cannot have one of them that refuses", r"return_(?:value|void)")
OWN_ERRORS = {
    "create_task_lvalue_task": DELETED_COPY,
    "generator_copy": DELETED_COPY,
    "generator_piped_lvalue": DELETED_COPY,
    "loop_copy": DELETED_COPY,
    "task_copy": DELETED_COPY,
    "task_in_range_for_copy": DELETED_COPY,
    "task_missing_value": NO_RETURN_VALUE,
    "task_value_in_void": NO_RETURN_VALUE,
}
COMPARE = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq}


def directives(text):
    found = {}
    for line in text.splitlines():
        match = DIRECTIVE.fullmatch(line.strip())
        if not match:
            break
        found[match[1]] = match[2]
    return found


def compiler_is_meant(wanted, name, major):
    """Whether "g++" or "clang++" of a major version is what words such as "g++ >= 12" ask for."""
    match = COMPILER.fullmatch(wanted)
    if not match:
        raise ValueError(f"cannot read the compiler '{wanted}'")
    wanted_name, comparison, than = match.groups()
    return wanted_name == name and (comparison is None or COMPARE[comparison](major, int(than)))


class Compiler:
    """A compiler, and the headers that it has precompiled."""

    def __init__(self, command, include, build):
        self.command, self.build, self.precompiled = command, build, {}
        macros = subprocess.run([command, "-dM", "-E", "-x", "c++", "/dev/null"], capture_output=True, text=True, check=True).stdout
        clang = re.search(r"__clang_major__ (\d+)", macros)
        self.name = "clang++" if clang else "g++"
        self.major = int(clang[1] if clang else re.search(r"__GNUC__ (\d+)", macros)[1])
        self.options = [*FLAGS, *(["-ferror-limit=0"] if clang else []), *(f"-I{path}" for path in include)]

    def is_meant(self, wanted):
        return compiler_is_meant(wanted, self.name, self.major)

    def has(self, header):
        source = f"#if !__has_include(<{header}>)\n#error\n#endif\n"
        command = [self.command, *self.options, "-E", "-x", "c++", "-"]
        return subprocess.run(command, input=source, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0

    def why_skipped(self, wanted):
        """Why a snippet with these directives is not for this compiler; None if it is."""
        if "compiler" in wanted and not self.is_meant(wanted["compiler"]):
            return f"meant for {wanted['compiler']} only"
        if "needs" in wanted and not self.has(wanted["needs"]):
            return f"there is no {wanted['needs']}"
        return None

    def precompile(self, name, includes):
        header = self.build / f"{name}.hpp"
        header.write_text("".join(f"{line}\n" for line in includes), encoding="utf-8")
        clang = self.name == "clang++"
        subprocess.run([self.command, *self.options, *(["-fpch-instantiate-templates"] if clang else []), "-x", "c++-header", header, "-o", f"{header}.gch"], check=True)
        self.precompiled[name] = ["-include-pch", f"{header}.gch"] if clang else ["-include", str(header)]

    def compile(self, source, needed):
        """The exit status, and the lines that it prints."""
        command = [self.command, *self.options, *self.precompiled.get(needed, []), "-fsyntax-only", str(source)]
        result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        return result.returncode, result.stdout


def needed_by(text):
    """Which of the precompiled headers a snippet needs."""
    own = {line for line in INCLUDE.findall(text) if line.startswith("#include <eddy/")}
    return "core" if own == {UMBRELLA} else "all" if own else None


def complaints(output):
    """What a compiler prints, split into its errors and warnings, each with its context before it and its notes behind it."""
    found, complete = [[]], False
    for line in output.splitlines():
        if complete and CONTEXT.match(line):
            found.append([])
            complete = False
        found[-1].append(line)
        complete = complete or bool(MESSAGE.match(line))
    merged = []
    for lines in found:
        if merged and not any(re.search(r": (?:fatal )?(?:error|warning): ", line) for line in lines):
            merged[-1] += lines  # notes that have a context of their own
        else:
            merged.append(lines)
    return merged


def told(lines, snippet, sentence):
    """Whether what a compiler prints about a snippet says the sentence early enough, and where it is looked at first."""
    first = next((line for line in lines[:LINES_READ] if FIRST_ERROR.search(line)), None)
    if first is None:
        return False
    if snippet.stem not in OWN_ERRORS:
        return bool(sentence.search(first))
    _, own = OWN_ERRORS[snippet.stem]
    return bool(re.search(own, first)) and any(sentence.search(line) for line in lines[:LINES_READ])


def told_together(snippets, needed, compiler, number):
    """Those of the snippets that are told their sentences when all are compiled at a time."""
    wanted = {str(path): re.compile(directives(path.read_text(encoding="utf-8"))["expect"]) for path in snippets}
    source = compiler.build / f"together_{needed}_{number}.cpp"
    source.write_text("".join(f'namespace {path.stem} {{\n#include "{path}"\n}}\n' for path in snippets), encoding="utf-8")
    _, output = compiler.compile(source, needed)
    judged, accepted = set(), set()
    for lines in complaints(output):
        if not any(FIRST_ERROR.search(line) for line in lines):
            continue
        places = (line.partition(":")[0] for line in lines)
        snippet = next((place for place in places if place in wanted), None)
        if snippet is None or snippet in judged:
            continue  # the first error of a snippet counts
        judged.add(snippet)
        if told(lines, pathlib.Path(snippet), wanted[snippet]):
            accepted.add(snippet)
    return {path for path in snippets if str(path) in accepted}


def errors_by_line(output, snippet):
    """The errors at lines of the snippet, and the first elsewhere."""
    found, elsewhere = {}, None
    for line in output.splitlines():
        if match := re.match(r"([^:]+):(\d+):\d+: (?:fatal )?error: (.*)", line):
            if match[1] == str(snippet):
                found[int(match[2])] = found.get(int(match[2]), "") + match[3]
            else:
                elsewhere = elsewhere or line
    return found, elsewhere


def check_lines(snippet, wanted, output):
    """The result for a snippet of many wrong lines: `wanted` has the sentence for each."""
    found, elsewhere = errors_by_line(output, snippet)
    wrong = [f"line {line}: '{sentence.pattern}' is not in: {found.get(line, 'nothing')}"
             for line, sentence in wanted.items() if not sentence.search(found.get(line, ""))]
    wrong += [f"line {line}: {text}" for line, text in found.items() if line not in wanted]
    wrong += [elsewhere] if elsewhere else []
    return (FAILED, "\n".join(wrong)) if wrong else (PASSED, f"{len(wanted)} lines are refused with their sentences")


def check(snippet, compiler):
    """The result for one snippet, and what to say about it."""
    text = snippet.read_text(encoding="utf-8")
    wanted = directives(text)
    try:
        sentence = re.compile(wanted.get("expect", ""))
        lines = {number: re.compile(match[1]) for number, line in enumerate(text.splitlines(), 1) if (match := ERROR.search(line))}
        if ("expect" in wanted) == bool(lines):
            return UNUSABLE, "it has either a first line '// expect: ...' or lines that end with '// error: ...'"
        if reason := compiler.why_skipped(wanted):
            return SKIPPED, reason
    except (re.error, ValueError) as error:
        return UNUSABLE, str(error)

    status, output = compiler.compile(snippet, needed_by(text))
    if lines:
        return check_lines(snippet, lines, output)
    if wanted["expect"] == "compiles":
        return (PASSED, "compiles") if status == 0 else (FAILED, "was to compile, but:\n" + output)
    if status == 0:
        return FAILED, "was to be refused, but compiles\n" + output
    if not told(output.splitlines(), snippet, sentence):
        return FAILED, f"'{wanted['expect']}' is not in the first error, in the first {LINES_READ} lines of:\n" + output
    return PASSED, "refused with the expected sentence"


def batches(snippets, compiler, jobs):
    """Snippets that can be compiled at a time, with what they need."""
    found = {}
    for path in snippets:
        text = path.read_text(encoding="utf-8")
        wanted = directives(text)
        if wanted.get("expect", "compiles") != "compiles" and not compiler.why_skipped(wanted):
            found.setdefault(needed_by(text), []).append(path)
    return [(paths[job::jobs], needed, compiler, job) for needed, paths in found.items() for job in range(jobs)]


def check_all(snippets, compiler, jobs):
    texts = [path.read_text(encoding="utf-8") for path in snippets]
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        missing = {header for header in {directives(text).get("needs") for text in texts} - {None} if not compiler.has(header)}
        everything = sorted({line for text in texts if directives(text).get("needs") not in missing for line in INCLUDE.findall(text)})
        list(pool.map(lambda each: compiler.precompile(*each), [("all", everything), ("core", [UMBRELLA])]))
        together = list(pool.map(lambda each: told_together(*each), batches(snippets, compiler, jobs))) if len(snippets) > 1 else []
        accepted = set().union(*together)
        alone = [path for path in snippets if path not in accepted]
        judged = dict(zip(alone, pool.map(lambda path: check(path, compiler), alone)))
    results = [judged.get(path, (PASSED, "")) for path in snippets]
    for snippet, (result, message) in zip(snippets, results):
        if result in (FAILED, UNUSABLE) or len(snippets) == 1:
            print(f"{snippet.name}: {result}: {message}\n")
    counts = {name: sum(result == name for result, _ in results) for name in (PASSED, FAILED, UNUSABLE, SKIPPED)}
    print(", ".join(f"{count} {name}" for name, count in counts.items()) + f"; {len(accepted)} were compiled together")
    return 1 if counts[FAILED] or counts[UNUSABLE] else 0


def self_test(command):
    refused = 'static_assert(sizeof(int) == 0, "an int has a size");\n'
    commented = "void f(int) = delete;  // an int has a size\nvoid g() { f(1); }\n"
    copied = "struct Task {\n  Task();\n  Task(const Task&) = delete;  // an int has a size\n};\nvoid g(Task& t) { Task copy = t; }\n"
    second = "unknown variable;\n" + refused
    buried = "".join(f"unknown{i} variable{i};\n" for i in range(LINES_READ)) + refused
    dropped = "[[nodiscard]] int f();\nvoid g() {\n  f();"
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        compiler = Compiler(command, [], pathlib.Path(folder))
        name, major = compiler.name, compiler.major
        other = "clang++" if name == "g++" else "g++"
        cases = [
            ("the sentence is there", "// expect: an int .* size\n" + refused, PASSED),
            ("another sentence", "// expect: a long has a size\n" + refused, FAILED),
            ("the sentence comes too late", "// expect: an int has a size\n" + buried, FAILED),
            ("the sentence is in the second error", "// expect: an int has a size\n" + second, FAILED),
            ("the sentence is a comment that the compiler shows", "// expect: an int has a size\n" + commented, FAILED),
            ("the same for a copy", "// expect: an int has a size\n" + copied, FAILED),
            ("the same for a copy of one that is excepted", "// expect: an int has a size\n" + copied, PASSED, "task_copy"),
            ("another error of one that is excepted", "// expect: an int has a size\n" + commented.replace("delete", "0"), FAILED, "task_copy"),
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
            ("a header that is there", "// expect: size\n// needs: cstddef\n" + refused, PASSED),
            ("a header that is not there", "// expect: size\n// needs: no/such/header.h\n" + refused, SKIPPED),
            ("a dropped result", f"{dropped}  // error: ignoring\n}}\n", PASSED),
            ("another error at the line", f"{dropped}  // error: forgotten\n}}\n", FAILED),
            ("a line without its error", f"{dropped}  // error: ignoring\n  g();  // error: ignoring\n}}\n", FAILED),
            ("an error at another line", f"{dropped}  // error: ignoring\n  f();\n}}\n", FAILED),
            ("both kinds", f"// expect: ignoring\n{dropped}  // error: ignoring\n}}\n", UNUSABLE),
        ]
        for title, text, expected, *stem in cases:
            snippet = pathlib.Path(folder, f"{stem[0] if stem else 'snippet'}.cpp")
            snippet.write_text(text, encoding="utf-8")
            result, message = check(snippet, compiler)
            if result != expected:
                wrong += 1
                print(f"{title}: {result} instead of {expected}: {message}")
    print(f"{len(cases)} cases, {wrong} wrong")
    return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--compiler", required=True)
    parser.add_argument("--include", action="append", help="where eddy is; the repository's own by default")
    parser.add_argument("--build", type=pathlib.Path, help="where to precompile; a temporary folder by default")
    parser.add_argument("--jobs", type=int, default=2, help="how many compilers run at a time")
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("snippet", nargs="*", type=pathlib.Path)
    arguments = parser.parse_args()
    if arguments.self_test:
        return self_test(arguments.compiler)
    with tempfile.TemporaryDirectory() as folder:
        build = arguments.build or pathlib.Path(folder)
        build.mkdir(parents=True, exist_ok=True)
        compiler = Compiler(arguments.compiler, arguments.include or [str(FOLDER.parents[1] / "include")], build)
        return check_all(arguments.snippet or sorted(FOLDER.glob("*.cpp")), compiler, arguments.jobs)


if __name__ == "__main__":
    sys.exit(main())
