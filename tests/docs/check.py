"""Compiles the code blocks of README.md and docs/*.md, runs those whose output is stated, and compares what is quoted.

The words behind ``` say what is done with a block:

    ```cpp              declarations, perhaps with a main function: compiled
    ```cpp body         statements: compiled as the body of a coroutine
    ```cpp run          a program: compiled, run, and its output compared with the ```text block that follows; on virtual time,
                        unless it has threads or descriptors: then it has five attempts, since the machine may be slow
    ```cpp stops        the same for a program that ends itself: what it says on standard error holds the ```text
    ```cpp refused      must not compile; the ```text is in the line of the compiler's first error
    ```cpp warned       compiles; the ```text is in the line of the compiler's first warning
    ```cpp from FILE    lines of that file of the repository, in pieces at lines that say `…` and nothing else
    ```cpp fragment     not checked; each is printed
    ```python from FILE, ```python, ```python run   quoted, compiled by Python, run by tests/oracle

`g++<13` and the like behind stops, refused or warned: those compilers only (tests/compile_fail/check.py has the grammar), and
behind ```text: what that compiler says, where they differ. ```text stderr is what a ```cpp run writes to standard error. In a
text `…` stands for anything. `file=check.cpp` is what a program calls itself where its output names its lines. A comment
`<!-- with: CODE -->` before a block holds declarations that it needs and that nobody needs to read.

Blocks are joined into few units, each in a namespace of its own, so the includes of a program are looked at one by one.

Usage: check.py --compiler CXX --id GNU|Clang --version N --work FOLDER [ROOT] | check.py --self-test (with the same)
"""
# SPDX-License-Identifier: MIT
import argparse
import concurrent.futures
import dataclasses
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "compile_fail"))
from check import LINES_READ, compiler_is_meant  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^( *)```([\w+-]*) *(.*?) *$")
WITH = re.compile(r"<!-- with:\n(.*?)^ *-->\s*\Z", re.DOTALL | re.MULTILINE)
INCLUDE = re.compile(r"^#include [<\"](.*)[>\"].*$", re.MULTILINE)
CHECKED = ("run", "stops", "refused", "warned")
ALWAYS = ("eddy/eddy.hpp", "eddy/testing/virtual_clock.hpp", "eddy/io.hpp", "eddy/threads.hpp", "chrono", "cstdio", "string", "vector", "optional", "utility")
ON_VIRTUAL_TIME = """namespace on_virtual_time {
template <class Main>
auto run(Main&& main, eddy::RunOptions options = {}) {
  eddy::testing::VirtualClock clock;
  options.clock = &clock;
  return eddy::run(std::forward<Main>(main), options);
}
}
"""
APART = ("gtest/gtest.h",)  # whose macros are Catch2's
NEEDED = {"eddy/http": "curl/curl.h", "eddy/io/tls": "openssl/ssl.h", "eddy/format": "fmt/format.h"}  # by headers that begin so
LIBRARIES = {"eddy/http": ["-lcurl"], "eddy/io/tls": ["-lssl", "-lcrypto"]}  # g++ emits coroutines that nobody calls, too
FLAGS = ["-std=c++20", "-O0", "-pthread", "-Wall", "-Wextra", "-Wshadow", "-Wconversion"]
# What a program that is pasted somewhere has to include. Few names, since the compiler sees them all in the joined unit.
HEADERS = {"cstdio": r"\bstd::(printf|puts|fputs|snprintf)\b", "string": r"\bstd::(string|to_string)\b",
           "vector": r"\bstd::vector\b", "optional": r"\bstd::(optional|nullopt)\b", "map": r"\bstd::map\b",
           "memory": r"\bstd::(unique_ptr|shared_ptr|make_unique|make_shared)\b", "thread": r"\bstd::(this_)?thread\b",
           "utility": r"\bstd::(move|exchange|forward|swap)\b", "stdexcept": r"\bstd::(runtime_error|logic_error|invalid_argument)\b",
           "chrono": r"\bstd::chrono\b", "atomic": r"\bstd::atomic\b", "functional": r"\bstd::(function|ref|cref)\b",
           "stop_token": r"\bstd::stop_token\b", "string_view": r"\bstd::string_view\b", "coroutine": r"\bstd::coroutine_handle\b",
           "system_error": r"\bstd::(system_error|errc)\b", "eddy/threads.hpp": r"\beddy::(to_thread|run_in_executor|ThreadPool|run_coroutine_threadsafe)\b",
           "eddy/io.hpp": r"\beddy::(SocketStream|Server|start_server|open_connection|open_file|read_file|run_process|Pool|resolve)\b"}


@dataclasses.dataclass
class Block:
    path: str
    line: int  # of its first line of code
    language: str
    words: list
    text: str
    before: str = ""  # what a comment `with:` has
    texts: list = dataclasses.field(default_factory=list)  # (words, text) of the ```text blocks that belong to it

    @property
    def kind(self):
        return self.words[0] if self.words else ""

    @property
    def place(self):
        return f"{self.path}:{self.line}"

    def option(self, name):
        return next((word[len(name) + 1:] for word in self.words if word.startswith(name + "=")), None)

    def compilers(self):
        return [word for word in self.words[1:] if re.match(r"(g|clang)\+\+", word)]


def blocks_of(path, name):
    """The code blocks of a page, each with the texts that belong to it."""
    found, opened, owner, prose = [], None, None, ""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = FENCE.match(line)
        if opened is None and match:
            opened = Block(name, number + 1, match[2], match[3].split(), "")
            with_code, between = WITH.search(prose), prose
            opened.before = with_code[1] if with_code else ""
            indent = len(match[1])
        elif opened is not None and match and not match[2]:
            if opened.language == "text" and owner is not None and (not owner.texts or not between.strip()):
                owner.texts.append((opened.words, opened.text))
            else:
                owner = opened if opened.kind in CHECKED and opened.language == "cpp" else None
                found.append(opened)
            opened, prose = None, ""
        elif opened is not None:
            opened.text += line[min(indent, len(line) - len(line.lstrip())):] + "\n"
        else:
            prose += line + "\n"
            if line.startswith("#"):
                owner = None
    return found


def matches(text, said):
    """Whether `said` holds `text`, in which `…` stands for anything."""
    pattern = ".*".join(re.escape(part) for part in text.strip().split("…"))
    return re.search(pattern, said, re.DOTALL) is not None


def cells(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def number(text):
    return float(text.replace(",", ""))


def on_virtual_time(block):
    return block.kind == "run" and not re.search(r"eddy/(io|threads)|<thread>", block.text)


def is_quoted(text, lines):
    """Whether the pieces of a text stand in the lines, one after another."""
    start = 0
    for piece in re.split(r"^[ /#]*…\n", text, flags=re.MULTILINE):
        wanted = piece.strip("\n").splitlines()
        if not wanted:
            continue
        for at in range(start, len(lines) - len(wanted) + 1):
            indent = lines[at][:len(lines[at]) - len(lines[at].lstrip())]
            own = wanted[0][:len(wanted[0]) - len(wanted[0].lstrip())]
            indent = indent[len(own):]
            if all(line == (indent + want if want else "") for line, want in zip(lines[at:at + len(wanted)], wanted)):
                start = at + len(wanted)
                break
        else:
            return False
    return True


class Checker:
    def __init__(self, root, arguments, work):
        self.root, self.arguments, self.work = root, arguments, work
        self.include = ["-I", str(root / "include")] if (root / "include").exists() else []
        self.faults, self.notes = [], []

    def fault(self, block, text):
        self.faults.append(f"{block.place}: {text}")

    def meant(self, *wanted):
        name, major = "g++" if self.arguments.id == "GNU" else "clang++", int(self.arguments.version.split(".")[0])
        return not wanted or any(compiler_is_meant(word, name, major) for word in wanted)

    def texts(self, block):
        """The texts of a block that are meant for this compiler."""
        plain = [text for words, text in block.texts if not words]
        own = [text for words, text in block.texts if words and words[0] != "stderr" and self.meant(words[0])]
        return own or plain

    def compile(self, source, *flags, compiled=True):
        own = ["-Wno-subobject-linkage", "-Wno-restrict"] if self.arguments.id == "GNU" else []  # of a page as an included file; GCC 105329
        libraries = [flag for flag in flags if flag.startswith("-l")]  # behind what needs them
        command = [self.arguments.compiler, *FLAGS, *own, *self.include, *(flag for flag in flags if flag not in libraries), str(source), *libraries]
        if compiled:
            command[1:1] = ["-include", str(self.work / "all.hpp")]
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")

    # ---- what is there
    def available(self, headers):
        probe = self.work / "probe.cpp"
        asked = {*headers, *NEEDED.values()}
        probe.write_text("".join(f"#if __has_include(<{header}>)\nhas {header}\n#endif\n" for header in sorted(asked)))
        said = self.compile(probe, "-E", "-P", compiled=False).stdout.splitlines()
        lacks = [start for start, needed in NEEDED.items() if f"has {needed}" not in said]
        return {header for header in headers if f"has {header}" in said and not header.startswith(tuple(lacks))}

    def precompile(self, blocks):
        wanted = {header: None for block in blocks for header in INCLUDE.findall(block.before + block.text)}
        if any("eddy/eddy.hpp" in block.text for block in blocks):
            wanted.update(dict.fromkeys(ALWAYS))
        self.present = self.available(wanted)
        header, compiled = self.work / "all.hpp", self.work / "all.hpp.gch"
        names = sorted((name for name in self.present if name not in APART), key=lambda name: (name != "eddy/eddy.hpp", name))
        text = "#pragma once\n" + "".join(f"#include <{name}>\n" for name in names)
        text += "using namespace std::chrono_literals;\n" * ("chrono" in names)
        newest = max((path.stat().st_mtime for path in (self.root / "include").rglob("*.hpp")), default=0)
        if compiled.exists() and compiled.stat().st_mtime > newest and header.read_text() == text:
            return
        header.write_text(text)
        result = self.compile(header, "-x", "c++-header", "-o", str(compiled), "-Wno-pragma-once-outside-header", compiled=False)
        if result.returncode != 0:
            sys.exit(f"what the blocks include does not compile:\n{result.stdout}")

    def lacking(self, block):
        return [header for header in INCLUDE.findall(block.before + block.text) if header not in self.present]

    # ---- units
    def code(self, block, number):
        """A block as a part of a unit."""
        text = INCLUDE.sub("", block.text)
        name, line = block.option("file") or block.path, 1 if block.option("file") else block.line
        if block.kind == "body":
            text = f"eddy::Task<> body() {{\n#line {line} \"{name}\"\n{text}co_return;\n}}"
        if on_virtual_time(block):
            text = re.sub(r"\beddy::run\(", "on_virtual_time::run(", text)
        if "int main(" in text and block.kind != "refused":
            text = re.sub(r"\bint main\(", "int program(", text)
            text = re.sub(r"\}\s*\Z", " return 0; }", text)
        where = block.before and f'#line {max(1, block.line - block.before.count(chr(10)) - 2)} "{block.path}"\n{block.before}\n'
        return f"namespace block_{number} {{\n{where}#line {line} \"{name}\"\n{text}\n}}\n"

    def check_compiled(self, blocks):
        """What is compiled and not run."""
        apart = [block for block in blocks if set(INCLUDE.findall(block.text)) & set(APART)]
        for unit, parts in (("compiled", [block for block in blocks if block not in apart]), ("apart", apart)):
            if not parts:
                continue
            source = self.work / f"{unit}.cpp"
            includes = "" if unit == "compiled" else "".join(f"#include <{name}>\n" for block in parts for name in INCLUDE.findall(block.text))
            source.write_text(includes + "".join(self.code(block, number) for number, block in enumerate(parts)), encoding="utf-8")
            result = self.compile(source, "-fsyntax-only", "-Werror", "-Wno-unused", compiled=unit == "compiled")
            if result.returncode != 0:
                self.faults.append(f"what does not compile:\n{result.stdout}")

    def check_programs(self, blocks, unit):
        source, program = self.work / f"{unit}.cpp", self.work / unit
        parts = "".join(self.code(block, number) for number, block in enumerate(blocks))
        calls = "".join(f"    case {number}: return block_{number}::program();\n" for number in range(len(blocks)))
        start = ON_VIRTUAL_TIME if "on_virtual_time" in parts else ""
        source.write_text(f"#include <cstdlib>\n{start}{parts}int main(int, char** arguments) {{\n  switch (std::atoi(arguments[1])) {{\n{calls}  }}\n"
                          "  return 99;\n}\n", encoding="utf-8")
        if not blocks:
            return
        libraries = [flag for start, flags in LIBRARIES.items() if any(name.startswith(start) for name in self.present) for flag in flags]
        result = self.compile(source, "-o", str(program), "-Werror", "-Wno-unused", *libraries)
        if result.returncode != 0:
            self.faults.append(f"a program does not compile:\n{result.stdout}")
            return
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda pair: self.check_output(program, *pair), enumerate(blocks)))

    def check_output(self, program, number, block):
        for header, name in HEADERS.items():
            if re.search(name, block.text) and header not in INCLUDE.findall(block.text):
                self.fault(block, f"uses {re.search(name, block.text)[0]} and does not include <{header}>")
        for _ in range(1 if on_virtual_time(block) else 5):
            fault = self.fault_of_output(program, number, block)
            if fault is None:
                return
        self.fault(block, fault)

    def fault_of_output(self, program, number, block):
        plain = "".join(self.texts(block))
        errors = "".join(text for words, text in block.texts if words[:1] == ["stderr"])
        try:
            result = subprocess.run([str(program), str(number)], stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=60)
        except subprocess.TimeoutExpired:
            return "has not ended after 60 s"
        if not plain and not errors:
            return "is a program without a ```text with its output"
        if block.kind == "stops":
            good = result.returncode != 0 and matches(plain, result.stderr)
        else:
            good = result.returncode == 0 and (result.stdout == plain or "…" in plain and matches(plain, result.stdout))
        if not good:
            return f"ended with {result.returncode} and printed\n{result.stdout}{result.stderr}instead of\n{plain}"
        if errors and not matches(errors, result.stderr):
            return f"wrote\n{result.stderr}to standard error instead of\n{errors}"
        return None

    def check_message(self, block, number):
        """What the compiler says of a block."""
        source = self.work / f"message_{number}.cpp"
        text = "\n" + INCLUDE.sub("", block.text)
        source.write_text(f"{block.before}\n#line {block.line - 1} \"{block.path}\"\n{text}", encoding="utf-8")
        result = self.compile(source, "-fsyntax-only")
        word = "error:" if block.kind == "refused" else "warning:"
        lines = [line for line in result.stdout.splitlines()[:LINES_READ] if word in line]
        if (result.returncode == 0) != (block.kind == "warned"):
            return self.fault(block, f"was to be {block.kind}, but the compiler's status is {result.returncode}:\n{result.stdout}")
        if not block.texts:
            return self.fault(block, f"does not say what the compiler says: {lines[:1]}")
        for wanted in self.texts(block):
            if not lines or not matches(wanted, lines[0]):
                self.fault(block, f"the compiler was to say\n{wanted}but its first lines are\n" + "\n".join(result.stdout.splitlines()[:LINES_READ]))

    def check_quotes(self, block):
        source = self.root / block.words[1]
        if not source.exists():
            self.fault(block, f"quotes {block.words[1]}, which is not there")
        elif not is_quoted(block.text, source.read_text(encoding="utf-8").splitlines()):
            self.fault(block, f"is not what {block.words[1]} says")

    def check_python(self, block):
        try:
            compile(block.text, block.path, "exec", flags=0x2000)  # PyCF_ALLOW_TOP_LEVEL_AWAIT
        except SyntaxError as error:
            self.fault(block, f"Python: {error}")

    def check_ratios(self):
        """The README's ratios are those of the table in docs/performance.md: a peer's figure divided by eddy's."""
        readme, source = self.root / "README.md", self.root / "docs/performance.md"
        if not readme.exists() or not source.exists():
            return
        table = source.read_text(encoding="utf-8").split("## Beside others")[1].split("\n## ")[0]
        figures = {row[0]: row[1:] for row in (cells(line) for line in table.splitlines()) if len(row) == 7}
        for line in readme.read_text(encoding="utf-8").splitlines():
            name, *said = cells(line)
            key = re.search(r"\(`(\w+)`\)$", name)
            if len(said) != 4 or not key:
                continue
            _, eddy, *peers = figures.get(key[1], [""] * 6)
            for ratio, peer in zip(said, peers):
                right = "–" if not peer else f"{number(peer) / number(eddy):.2f}" if number(peer) < number(eddy) else f"{number(peer) / number(eddy):.2g}"
                if ratio != right and (ratio == "–" or right == "–" or abs(float(ratio) / float(right) - 1) > 0.06):
                    self.faults.append(f"README.md says {ratio} of `{key[1]}`, and docs/performance.md {right}")

    def check(self, pages):
        blocks = [block for page in pages for block in blocks_of(page, str(page.relative_to(self.root)))]
        cpp = [block for block in blocks if block.language == "cpp"]
        known = ("", "body", "from", "fragment", *CHECKED)
        self.check_ratios()
        for block in cpp:
            if "using namespace eddy" in block.text:
                self.fault(block, "`using namespace eddy` lets sleep(1) be the system's")
            if block.kind not in known:
                self.fault(block, f"nobody knows what '{block.kind}' is")
            if block.kind == "fragment":
                self.notes.append(f"{block.place}: not checked")
        for block in blocks:
            if block.kind == "from":
                self.check_quotes(block)
            elif block.language == "python":
                self.check_python(block)
        meant = [block for block in cpp if block.kind not in ("from", "fragment") and self.meant(*block.compilers())]
        self.precompile([block for block in meant])
        for block in meant:
            if self.lacking(block):
                self.notes.append(f"{block.place}: not compiled here, where there is no {', '.join(self.lacking(block))}")
        here = [block for block in meant if not self.lacking(block)]
        programs = [block for block in here if block.kind in ("run", "stops")]
        messages = [block for block in here if block.kind in ("refused", "warned")]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            work = [pool.submit(self.check_compiled, [block for block in here if block.kind in ("", "body")]),
                    pool.submit(self.check_programs, programs, "programs"),
                    *(pool.submit(self.check_message, block, number) for number, block in enumerate(messages))]
            for done in work:
                done.result()
        counts = {}
        for block in blocks:
            name = " ".join([block.language or "(none)", block.kind if block.language in ("cpp", "python") else ""]).strip()
            counts[name] = counts.get(name, 0) + 1
        print(f"{len(blocks)} blocks in {len(pages)} pages:", ", ".join(f"{count} {name}" for name, count in sorted(counts.items())))
        print(*self.notes, *self.faults, sep="\n")
        return 1 if self.faults else 0


def self_test(arguments):
    good = "#include <cstdio>\nint main() { std::puts(\"x\"); }\n"
    cases = [  # a page, and what is said of it
        (f"```cpp run\n{good}```\n```text\nx\n```\n", None),
        (f"```cpp run\n{good}```\n\nand prints\n\n```text\nx\n```\n", None),
        (f"```cpp run\n{good}```\n```text\ny\n```\n", "instead of"),
        (f"```cpp run\n{good}```\n```text\nx\n```\nand elsewhere\n```text\ny\n```\n", None),
        (f"```cpp run\n{good}```\n```text\nx\n```\n```text stderr\ny\n```\n", "standard error"),
        (f"```cpp run\n{good}```\n## next\n```text\nx\n```\n", "without a ```text"),
        ("```cpp run\nint main() { std::puts(\"x\"); }\n```\n```text\nx\n```\n```cpp\n#include <cstdio>\n```\n", "does not include <cstdio>"),
        ("```cpp\nint f() { return x; }\n```\n", "does not compile"),
        ("<!-- with:\nextern int x;\n-->\n```cpp\nint f() { return x; }\n```\n", None),
        ("```cpp refused\nstatic_assert(sizeof(int) == 0, \"an int has a size\");\n```\n```text\nan int … size\n```\n", None),
        ("```cpp refused\nstatic_assert(sizeof(int) == 0, \"an int has a size\");\n```\n```text\na long\n```\n", "was to say"),
        ("```cpp refused\nint x;\n```\n```text\nx\n```\n", "was to be refused"),
        ("```cpp warned\nint f() {}\n```\n```text\nreturn\n```\n", None),
        ("```cpp stops file=a.cpp\n#include <cstdio>\n#include <cstdlib>\nint main() { std::fputs(\"end\\n\", stderr); std::abort(); }\n```\n```text\nend\n```\n", None),
        ("```cpp wrong\n```\n", "nobody knows"),
        ("```cpp from code.cpp\nint a;\n…\nint c;\n```\n", None),
        ("```cpp from code.cpp\nint b;\nint c;\n```\n", None),
        ("```cpp from code.cpp\nint a;\nint c;\n```\n", "is not what"),
        ("```cpp from other.cpp\nint a;\n```\n", "not there"),
        ("```python\nawait x\n```\n", None),
        ("```python\nawait await\n```\n", "Python"),
        ("```cpp fragment\n…\n```\n", None),
        ("```cpp fragment\nusing namespace eddy;\n```\n", "the system's"),
    ]
    wrong = 0
    for page, expected in cases:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "code.cpp").write_text("int a;\n{\n  int b;\n  int c;\n}\n")
            (root / "page.md").write_text(page, encoding="utf-8")
            checker = Checker(root, arguments, root)
            checker.check([root / "page.md"])
            said = "\n".join(checker.faults)
            if bool(said) != bool(expected) or expected and expected not in said:
                wrong += 1
                print(f"--- expected '{expected}' of\n{page}but it was said: {said}")
    print(f"{len(cases)} cases, {wrong} wrong")
    return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--compiler", required=True)
    parser.add_argument("--id", required=True, help="CMake's name of the compiler, GNU or Clang")
    parser.add_argument("--version", required=True)
    parser.add_argument("--work", type=pathlib.Path, help="a folder for what is generated")
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("--only", help="the pages whose names contain this")
    parser.add_argument("root", nargs="?", type=pathlib.Path, default=ROOT)
    arguments = parser.parse_args()
    if arguments.self_test:
        return self_test(arguments)
    root = arguments.root.resolve()
    pages = [page for page in [root / "README.md", *sorted((root / "docs").glob("*.md"))] if not arguments.only or arguments.only in page.name]
    with tempfile.TemporaryDirectory() as folder:
        work = arguments.work or pathlib.Path(folder)
        work.mkdir(parents=True, exist_ok=True)
        return Checker(root, arguments, work.resolve()).check(pages)


if __name__ == "__main__":
    sys.exit(main())
