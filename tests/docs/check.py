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
    ```python from FILE, ```python, ```python run   quoted, compiled by Python, run by tests/oracle
    ```text             belongs to the block before; without one it is a fault, but for these:
    ```text by FILE     a test that compares it, and reads it from the page
    ```text picture     a drawing, which no program prints
    ```sh, ```json      of the right form; ```cmake, ```meson: not looked at

`g++<13` and the like behind stops, refused or warned: those compilers only (tests/compile_fail/check.py has the grammar), and
behind ```text: what that compiler says, where they differ. ```text stderr is what a ```cpp run writes to standard error. In a
text `…` stands for anything within its line. `file=check.cpp` is what a program calls itself where its output names its lines. A
comment `<!-- with: CODE -->` before a block holds declarations that it needs and that nobody needs to read. Code that stands
in another form, such as ~~~, four backticks or ```c++, is a fault: nobody would look at it.

Blocks are joined into few units, each in a namespace of its own, behind a precompiled header, so that the includes of a program
are looked at by its text: each name of std and of eddy needs its header. --alone compiles each program by itself instead.

A block that needs a library which is not here is left out, with a note. EDDY_DOCS_COMPLETE=1 makes a fault of it.

Usage: check.py --compiler CXX --id GNU|Clang --version N --work FOLDER [ROOT] | check.py --self-test (with the same)
"""
# SPDX-License-Identifier: MIT
import argparse
import concurrent.futures
import dataclasses
import functools
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "compile_fail"))
from check import COMPILER, ERROR, LINES_READ, compiler_is_meant, directives  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^( *)(`{3,}|~{3,})(.*?) *$")
LANGUAGES = ("cpp", "python", "text", "sh", "cmake", "meson", "json")
LIST_ITEM = re.compile(r" {0,3}(?:[-*+]|\d+[.)]) ")
WITH = re.compile(r"<!-- with:\n(.*?)^ *-->\s*\Z", re.DOTALL | re.MULTILINE)
INCLUDE = re.compile(r"^#include [<\"](.*)[>\"].*$", re.MULTILINE)
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
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
OF_MACROS = ("eddy/testing.hpp",)  # g++ warns of nothing in a macro that comes from a precompiled header
NEEDED = {"eddy/http": "curl/curl.h", "eddy/io/tls": "openssl/ssl.h", "eddy/format": "fmt/format.h"}  # by headers that begin so
LIBRARIES = {"eddy/http": ["-lcurl"], "eddy/io/tls": ["-lssl", "-lcrypto"]}  # g++ emits coroutines that nobody calls, too
FLAGS = ["-std=c++20", "-O0", "-pthread", "-Wall", "-Wextra", "-Wshadow", "-Wconversion"]
PACKAGES = {"libpq-fe.h": "libpq-dev", "hiredis/": "libhiredis-dev", "gtest/": "libgtest-dev", "curl/": "libcurl4-openssl-dev", "openssl/": "libssl-dev"}
# What a program that is pasted somewhere has to include: the names of std that the pages use.
STANDARD = {
    "algorithm": "all_of any_of copy count count_if find find_if max min ranges reverse sort transform",
    "array": "array", "atomic": "atomic atomic_flag", "bit": "bit_cast", "charconv": "from_chars to_chars", "chrono": "chrono chrono_literals literals",
    "concepts": "same_as invocable", "condition_variable": "condition_variable", "coroutine": "coroutine_handle suspend_always suspend_never noop_coroutine",
    "cstddef": "size_t ptrdiff_t byte", "cstdint": "int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t", "deque": "deque",
    "cstdio": "printf puts fputs snprintf fprintf perror FILE size_t", "cstdlib": "abort exit getenv size_t", "cstring": "memcpy strlen strerror size_t",
    "exception": "exception exception_ptr current_exception rethrow_exception make_exception_ptr terminate", "filesystem": "filesystem", "fstream": "ifstream ofstream",
    "functional": "function ref cref plus invoke", "future": "future promise async", "iostream": "cout cerr cin endl", "iterator": "begin end back_inserter",
    "list": "list", "map": "map multimap", "memory": "unique_ptr shared_ptr weak_ptr make_unique make_shared", "mutex": "mutex lock_guard unique_lock scoped_lock",
    "numeric": "accumulate iota", "optional": "optional nullopt", "random": "mt19937 random_device uniform_int_distribution", "set": "set",
    "span": "span", "sstream": "istringstream ostringstream stringstream", "stdexcept": "runtime_error logic_error invalid_argument out_of_range",
    "stop_token": "stop_token stop_source stop_callback", "string": "string to_string stoi stod getline", "string_view": "string_view",
    "system_error": "system_error error_code errc generic_category", "thread": "thread jthread this_thread", "tuple": "tuple make_tuple tie get",
    "unordered_map": "unordered_map", "unordered_set": "unordered_set", "utility": "move exchange forward swap pair make_pair", "variant": "variant visit get",
    "vector": "vector",
}
# What pages quote of the table in docs/performance.md: the sentence, the row, and for each number its column and its unit in nanoseconds.
QUOTED = (
    ("docs/coming-from-asio.md", r"an await ([\d.]+) ns beside ([\d.]+)", "await", (("eddy", 1), ("asio", 1))),
    ("docs/coming-from-asio.md", r"a spawn ([\d.]+) beside ([\d.]+)", "spawn_join", (("eddy", 1), ("asio", 1))),
    ("docs/guide.md", r"costs some ([\d.]+) bytes", "memory", (("eddy", 1),)),
    ("docs/errors.md", r"some ([\d.]+) µs through ten tasks", "exceptions", (("eddy", 1000),)),
)


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
    """The code blocks of a page, each with the texts that belong to it, and what is wrong with their form."""
    found, faults, opened, owner, prose, paragraph, hidden = [], [], None, None, "", "", False
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = FENCE.match(line)
        if opened is None and match:
            language, *words = match[3].split() or [""]
            opened, indent, fence = Block(name, number + 1, language, words, ""), len(match[1]), match[2]
            if fence != "```" or language not in LANGUAGES or match[3][0] == " ":
                faults.append(f"{name}:{number}: nobody looks at code behind {line.strip()}; there are " + ", ".join(f"```{known}" for known in LANGUAGES))
            with_code, between = WITH.search(prose), prose
            opened.before = with_code[1] if with_code else ""
        elif opened is not None and match and not match[3] and match[2].startswith(fence):
            if opened.language == "text" and opened.kind not in ("by", "picture"):
                if owner is not None and (not owner.texts or not between.strip()):
                    owner.texts.append((opened.words, opened.text))
                else:
                    faults.append(f"{opened.place}: is the output of no block; let one print it, or write ```text by TEST or ```text picture")
            else:
                owner = opened if opened.kind in CHECKED and opened.language in ("cpp", "python") else None
                found.append(opened)
            opened, prose = None, ""
        elif opened is not None:
            opened.text += line[min(indent, len(line) - len(line.lstrip())):] + "\n"
        else:
            hidden = (hidden or "<!--" in line) and "-->" not in line
            indented = re.match(r" {4}|\t", line) and prose.endswith("\n\n") and not LIST_ITEM.match(paragraph) and not hidden
            if re.match(r"[\s>*+\-\d.)]*(```|~~~)|.*<pre\b", line) or indented:
                faults.append(f"{name}:{number}: nobody looks at code that begins like this: {line.strip()}")
            if line and line[0] not in " \t":
                paragraph = line
            prose += line + "\n"
            if line.startswith("#"):
                owner = None
    if opened is not None:
        faults.append(f"{opened.place}: this block has no end")
    return found, faults


def pattern_of(text):
    """An expression for a text in which `…` stands for anything within its line."""
    return r"[^\n]*".join(re.escape(part) for part in text.strip("\n").split("…"))


def is_said(text, output):
    """Whether the output is the text, all of it."""
    return re.fullmatch(pattern_of(text), output.strip("\n")) is not None


def is_in(text, line):
    """Whether a line of the compiler's has the text."""
    return re.search(pattern_of(text.strip()), line) is not None


def fault_of_words(block):
    """What is wrong with the words behind ```, if anything."""
    kind, rest = block.kind, block.words[1:]
    if block.language == "cpp" and kind in ("", "body", "from", *CHECKED):
        allowed = 1 if kind == "from" else len(rest) if kind in CHECKED else 0
        odd = [word for word in rest if not COMPILER.fullmatch(word) and not (word.startswith("file=") and kind in ("run", "stops"))]
        return None if len(rest) == allowed and (kind == "from" or not odd) else f"nobody knows what '{' '.join(rest)}' is"
    if block.language == "python" and (kind in ("", "run") and not rest or kind == "from" and len(rest) == 1):
        return "only those of docs/coming-from-asyncio.md are run" if kind == "run" and block.path != "docs/coming-from-asyncio.md" else None
    if block.language == "text" and (kind == "by" and len(rest) == 1 or kind == "picture" and not rest):
        return None
    return f"nobody knows what '{kind}' is" if block.words else None


def is_whole(block):
    """Whether it is to be compiled as it stands, so that it includes what it needs."""
    return block.kind in ("run", "stops") or block.kind in ("", *CHECKED) and "#include" in block.text


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
        libpq = shutil.which("pkg-config") and subprocess.run(["pkg-config", "--cflags", "libpq"], capture_output=True, text=True).stdout
        self.include += [word.replace("-I", "-isystem", 1) for word in (libpq or "").split() if word.startswith("-I")]
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
        newest = max((path.stat().st_mtime for path in (self.root / "include").rglob("*.hpp")), default=0)
        if compiled.exists() and compiled.stat().st_mtime > newest and header.read_text() == text:
            return
        header.write_text(text)
        result = self.compile(header, "-x", "c++-header", "-o", str(compiled), "-Wno-pragma-once-outside-header", compiled=False)
        if result.returncode != 0:
            sys.exit(f"what the blocks include does not compile:\n{result.stdout}")

    def lacking(self, block):
        return [header for header in INCLUDE.findall(block.before + block.text) if header not in self.present]

    # ---- what a program includes
    @functools.cache
    def words_of(self, header):
        """The words of a header's code, and the headers of eddy that it includes."""
        text = (self.root / "include" / header).read_text(encoding="utf-8") if (self.root / "include" / header).exists() else ""
        return set(re.findall(r"\w+", COMMENT.sub("", text))), [name for name in INCLUDE.findall(text) if name.startswith("eddy/")]

    def declared(self, headers):
        """All words of the headers and of those of eddy that they include."""
        words, left, seen = set(), list(headers), set()
        while left:
            header = left.pop()
            if header not in seen:
                seen.add(header)
                own, more = self.words_of(header)
                words |= own
                left += more
        return words

    def check_includes(self, block):
        text, included = COMMENT.sub("", block.text), set(INCLUDE.findall(block.before + block.text))
        for name in sorted(set(re.findall(r"\bstd::(\w+)", text))):
            headers = [header for header, names in STANDARD.items() if name in names.split()]
            if not headers:
                self.fault(block, f"uses std::{name}, and nobody knows which header has it: add it to STANDARD in {pathlib.Path(__file__).name}")
            elif not included & set(headers):
                self.fault(block, f"uses std::{name} and does not include <{headers[0]}>")
        known = self.declared([name for name in included if name.startswith("eddy/")])
        for name in sorted(set(re.findall(r"\beddy(?:::\w+)+|\bEDDY_[A-Z_]+", text))):
            if not known.issuperset(name.split("::")):
                self.fault(block, f"uses {name}, and nothing that it includes declares that")

    def check_alone(self, block, number):
        """A program as somebody compiles it who has pasted it into a file."""
        source = self.work / f"alone_{number}.cpp"
        source.write_text(f"{block.before}\n#line {block.line} \"{block.path}\"\n{block.text}", encoding="utf-8")
        result = self.compile(source, "-fsyntax-only", "-Werror", "-Wno-unused", compiled=False)
        if result.returncode != 0:
            self.fault(block, f"does not compile alone:\n{result.stdout}")

    # ---- units
    def code(self, block, number):
        """A block as a part of a unit."""
        text = INCLUDE.sub("", block.text)
        name, line = block.option("file") or block.path, 1 if block.option("file") else block.line
        if block.kind == "body":
            text = f"using namespace std::chrono_literals;\neddy::Task<> body() {{\n#line {line} \"{name}\"\n{text}co_return;\n}}"
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
            good = result.returncode != 0 and is_said(plain, result.stderr)
        else:
            good = result.returncode == 0 and is_said(plain, result.stdout)
        if not good:
            return f"ended with {result.returncode} and printed\n{result.stdout}{result.stderr}instead of\n{plain}"
        if errors and not is_said(errors, result.stderr):
            return f"wrote\n{result.stderr}to standard error instead of\n{errors}"
        return None

    def check_message(self, block, number):
        """What the compiler says of a block."""
        source = self.work / f"message_{number}.cpp"
        compiled = not set(INCLUDE.findall(block.text)) & set(OF_MACROS)
        text = "\n" + (INCLUDE.sub("", block.text) if compiled else block.text)
        source.write_text(f"{block.before}\n#line {block.line - 1} \"{block.path}\"\n{text}", encoding="utf-8")
        result = self.compile(source, "-fsyntax-only", compiled=compiled)
        word = "error:" if block.kind == "refused" else "warning:"
        lines = [line for line in result.stdout.splitlines()[:LINES_READ] if word in line]
        if (result.returncode == 0) != (block.kind == "warned"):
            return self.fault(block, f"was to be {block.kind}, but the compiler's status is {result.returncode}:\n{result.stdout}")
        if not block.texts:
            return self.fault(block, f"does not say what the compiler says: {lines[:1]}")
        for wanted in self.texts(block):
            if not lines or not is_in(wanted, lines[0]):
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

    def check_form(self, block):
        """What is not of C++ or Python."""
        if block.language == "json":
            try:
                json.loads(block.text)
            except ValueError as error:
                self.fault(block, f"JSON: {error}")
        elif block.language == "sh":
            result = subprocess.run(["bash", "-n"], input=block.text, capture_output=True, text=True)
            if result.returncode != 0:
                self.fault(block, result.stderr)
        elif block.kind == "by":
            source = self.root / block.words[1]
            if not source.exists() or block.path not in source.read_text(encoding="utf-8"):
                self.fault(block, f"{block.words[1]} does not read {block.path}")

    def check_counts(self):
        """How many wrong uses docs/reliability.md says that tests/compile_fail has."""
        page, folder = self.root / "docs/reliability.md", self.root / "tests/compile_fail"
        if not page.exists():
            return
        uses, files = 0, 0
        for snippet in folder.glob("*.cpp"):
            text = snippet.read_text(encoding="utf-8")
            wrong = directives(text).get("expect", "compiles") != "compiles" or len(ERROR.findall(text))
            uses, files = uses + wrong, files + bool(wrong)
        said = re.findall(r"more than ([\d,]+) wrong uses in more than ([\d,]+) files", page.read_text(encoding="utf-8"))
        if not said or any(number(least) >= uses or number(in_files) >= files for least, in_files in said):
            self.faults.append(f"docs/reliability.md says that tests/compile_fail has more than {said} wrong uses and files, and there are {uses} in {files}")

    def check_quoted_figures(self, figures):
        for page, sentence, row, columns in QUOTED:
            if not (self.root / page).exists():
                continue
            match = re.search(sentence, (self.root / page).read_text(encoding="utf-8"))
            if not match:
                self.faults.append(f"{page} has no '{sentence}' any more; see QUOTED in {pathlib.Path(__file__).name}")
                continue
            for said, (column, unit) in zip(match.groups(), columns):
                right = number(figures[row][{"eddy": 1, "asio": 2}[column]]) / unit
                if abs(number(said) / right - 1) > 0.06:
                    self.faults.append(f"{page} says {said} of `{row}`, and docs/performance.md {right:g}")

    def check_ratios(self):
        """The README's ratios are those of the table in docs/performance.md: a peer's figure divided by eddy's."""
        readme, source = self.root / "README.md", self.root / "docs/performance.md"
        if not readme.exists() or not source.exists():
            return
        table = source.read_text(encoding="utf-8").split("## Beside others")[1].split("\n## ")[0]
        figures = {row[0]: row[1:] for row in (cells(line) for line in table.splitlines()) if len(row) == 7}
        self.check_quoted_figures(figures)
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
        blocks = []
        for page in pages:
            found, faults = blocks_of(page, str(page.relative_to(self.root)))
            blocks += found
            self.faults += faults
        self.check_ratios()
        self.check_counts()
        for block in blocks:
            wrong = fault_of_words(block)
            if wrong:
                self.fault(block, wrong)
            if any(line.replace("…", "").strip() == "" for _, text in block.texts for line in text.strip("\n").splitlines() if "…" in line):
                self.fault(block, "has a text with a line that says nothing but `…`")
            if block.language == "cpp" and "using namespace eddy" in block.text:
                self.fault(block, "`using namespace eddy` lets sleep(1) be the system's")
        blocks = [block for block in blocks if not fault_of_words(block)]
        cpp = [block for block in blocks if block.language == "cpp"]
        for block in blocks:
            if block.kind == "from":
                self.check_quotes(block)
            elif block.language == "python":
                self.check_python(block)
            elif block.language != "cpp":
                self.check_form(block)
            elif is_whole(block):
                self.check_includes(block)
        meant = [block for block in cpp if block.kind != "from" and self.meant(*block.compilers())]
        if self.arguments.alone:
            self.present = self.available({header: None for block in meant for header in INCLUDE.findall(block.before + block.text)})
        else:
            self.precompile(meant)
        for block in meant:
            for header in self.lacking(block):
                package = next((f" (Debian: {name})" for start, name in PACKAGES.items() if header.startswith(start)), "")
                (self.faults if os.environ.get("EDDY_DOCS_COMPLETE", "0") != "0" else self.notes).append(
                    f"{block.place}: not compiled here, where there is no {header}{package}")
        here = [block for block in meant if not self.lacking(block)]
        programs = [block for block in here if block.kind in ("run", "stops")]
        messages = [block for block in here if block.kind in ("refused", "warned")]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            work = [pool.submit(self.check_alone, block, number) for number, block in enumerate(here)
                    if is_whole(block) and block.kind in ("", "run", "stops")] if self.arguments.alone else [
                    pool.submit(self.check_compiled, [block for block in here if block.kind in ("", "body")]),
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
    eddy = {"include/eddy/eddy.hpp": "namespace eddy { inline int sleep() { return 0; } }  // debug::print is elsewhere\n",
            "include/eddy/debug.hpp": "#include <eddy/debug/print.hpp>\n", "include/eddy/debug/print.hpp": "namespace eddy::debug { inline void print() {} }\n",
            **{f"include/{name}": "" for name in ALWAYS if name.startswith("eddy/") and name != "eddy/eddy.hpp"}}
    performance = ("# P\n## Beside others\n\n| work | floor | eddy | Boost.Asio | libuv | asyncio | uvloop |\n|---|---:|---:|---:|---:|---:|---:|\n"
                   "| memory |  | 224 | 1,183 | 152 | 1,175 | 1,391 |\n")
    printing = "```cpp run\n#include <cstdio>\nint main() { std::puts(\"xyz\"); std::puts(\"more\"); }\n```\n"
    cases = [  # a page, what is said of it, and other files
        (f"```cpp run\n{good}```\n```text\nx\n```\n", None),
        (f"```cpp run\n{good}```\n\nand prints\n\n```text\nx\n```\n", None),
        (f"```cpp run\n{good}```\n```text\ny\n```\n", "instead of"),
        (f"```cpp run\n{good}```\n```text\nx\n```\nand elsewhere\n```text\ny\n```\n", "output of no block"),
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
        ("```cpp fragment\n…\n```\n", "nobody knows"),
        ("```cpp run fil=x.cpp\n```\n", "nobody knows"),
        ("```cpp\nusing namespace eddy;\n```\n", "the system's"),
        # Forms that nobody would look at.
        ("```c++\nint x\n```\n", "behind ```c++"),
        ("```C++\nint x\n```\n", "behind ```C++"),
        ("~~~cpp\nint x\n~~~\n", "behind ~~~cpp"),
        ("````cpp\nint x\n````\n", "behind ````cpp"),
        ("```\nint x\n```\n", "behind ```;"),
        ("``` cpp\nint x;\n```\n", "behind ``` cpp"),
        ("> ```cpp\n> int x\n> ```\n", "begins like this"),
        ("Like this:\n\n    int x\n", "begins like this"),
        ("- Like this:\n\n    that\n", None),
        ("<pre>int x</pre>\n", "begins like this"),
        ("```cpp\nint x;\n", "has no end"),
        ("Behind ` ```cpp ` stands a word.\n", None),
        ("- ~~~cpp\n  int x\n  ~~~\n", "begins like this"),
        # What a program includes.
        ("```cpp run\n#include <chrono>\n#include <cstdio>\nint main() { std::puts(1ms > 0ms ? \"x\" : \"y\"); }\n```\n```text\nx\n```\n", "does not compile"),
        ("```cpp run\n#include <cstdio>\nint main() { std::array<int, 2> x{}; (void)x; std::puts(\"x\"); }\n```\n```text\nx\n```\n```cpp\n#include <array>\n```\n",
         "does not include <array>"),
        ("```cpp\n#include <cstdio>\nstd::nobody x;\n```\n", "nobody knows which header"),
        ("```cpp run\n#include <cstdio>\n#include <eddy/eddy.hpp>\nint main() { eddy::debug::print(); eddy::sleep(); std::puts(\"x\"); }\n```\n```text\nx\n```\n"
         "```cpp\n#include <eddy/debug.hpp>\n```\n", "uses eddy::debug::print, and nothing", eddy),
        ("```cpp run\n#include <cstdio>\n#include <eddy/debug.hpp>\nint main() { eddy::debug::print(); std::puts(\"x\"); }\n```\n```text\nx\n```\n", None, eddy),
        # What is printed.
        (printing + "```text\nx…\n```\n", "instead of"),
        (printing + "```text\nx…\n…\n```\n", "nothing but `…`"),
        (printing + "```text\n…\n```\n", "nothing but `…`"),
        (printing + "```text\nx…z\nmore\n```\n", None),
        ("```text\nx\n```\n", "output of no block"),
        ("```text picture\nx\n```\n", None),
        ("```text by code.cpp\nx\n```\n", "does not read page.md"),
        ("```text by test.py\nx\n```\n", None, {"test.py": "open('page.md')"}),
        ("```python run\nx = 1\n```\n```text\nx\n```\n", "only those of"),
        ("```json\n{x}\n```\n", "JSON"),
        ("```sh\nif\n```\n", "syntax error"),
        # Figures.
        ("", None, {"README.md": "", "docs/performance.md": performance, "docs/guide.md": "costs some 224 bytes"}),
        ("", "guide.md says 200", {"README.md": "", "docs/performance.md": performance, "docs/guide.md": "costs some 200 bytes"}),
        ("", "any more", {"README.md": "", "docs/performance.md": performance, "docs/guide.md": ""}),
        ("", "there are 2 in 1", {"docs/reliability.md": "more than 2 wrong uses in more than 0 files",
                             "tests/compile_fail/a.cpp": "x;  // error: x\ny;  // error: y\n", "tests/compile_fail/b.cpp": "// expect: compiles\n"}),
        ("", None, {"docs/reliability.md": "more than 1 wrong uses in more than 0 files", "tests/compile_fail/a.cpp": "x;  // error: x\ny;  // error: y\n"}),
    ]
    wrong = 0
    for page, expected, *files in cases:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "code.cpp").write_text("int a;\n{\n  int b;\n  int c;\n}\n")
            (root / "page.md").write_text(page, encoding="utf-8")
            for name, text in (files[0] if files else {}).items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text, encoding="utf-8")
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
    parser.add_argument("--alone", action="store_true", help="compile each whole block by itself, without a precompiled header, and do nothing else")
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
