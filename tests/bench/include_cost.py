"""Measures what including this library costs: preprocessed lines, compile time, and the size of what comes out.

A header's cost is compared with that of the standard and system headers that it needs, included alone, in the same run.
Lines are those that the preprocessor leaves with something in them, without its own marks: the same on every run with the
same compiler. Comments leave blank lines, which cost nothing and are not counted.

Usage:
  include_cost.py ROOT             a table of lines and user time (-O0 -fsyntax-only) for the umbrellas and each header
  include_cost.py ROOT --quick     lines only
  include_cost.py ROOT --check     fails if an umbrella or a header needs more than its budget of lines
  include_cost.py ROOT --sizes     the sizes of a minimal program's and the examples' code, and the time to compile them
The compiler is $CXX, g++ by default.
"""
# SPDX-License-Identifier: MIT
import argparse
import concurrent.futures
import os
import pathlib
import posixpath
import re
import resource
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile

# Lines beyond the standard headers that are needed. Floor 5 brings sockets, files and processes to the core's.
BUDGET, BUDGET_OF_IO = 9_560, 12_740
UMBRELLAS = ("eddy.hpp", "threads.hpp", "io.hpp")
OPTIONAL = re.compile(r"^(format\.hpp|http\.hpp|io/tls\w*\.hpp|(http|postgres|redis|s3)/)")  # these need another library's headers
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*[<"]([^>"\n]+)[>"]', re.MULTILINE)
MINIMAL = """#include <eddy/eddy.hpp>
eddy::Task<int> answer() { co_return 42; }
int main() { return eddy::run(answer()) - 42; }
"""
ONE_COROUTINE = "#include <eddy/eddy.hpp>\neddy::Task<int> answer() { co_return 42; }\n"


def budget_of(header):
    return BUDGET_OF_IO if header.startswith("io") else BUDGET


def compiler():
    return shlex.split(os.environ.get("CXX", "g++"))


def own_includes(include, header):
    """What a header of this library includes itself: its own and foreign headers, as they would be written."""
    text = (include / "eddy" / header).read_text(encoding="utf-8")
    own, foreign = [], []
    for name in INCLUDE.findall(text):
        if name.startswith("eddy/"):
            own.append(posixpath.normpath(name[len("eddy/"):]))
        elif (include / "eddy" / posixpath.dirname(header) / name).exists():
            own.append(posixpath.normpath(posixpath.join(posixpath.dirname(header), name)))
        elif not name.startswith("__"):  # libc++'s own pieces, behind a condition
            foreign.append(name)
    return own, foreign


def foreign_headers(include, header):
    """Every foreign header that a header reaches."""
    seen, foreign, open_ends = {header}, set(), [header]
    while open_ends:
        own, others = own_includes(include, open_ends.pop())
        foreign.update(others)
        open_ends += [name for name in own if name not in seen]
        seen.update(own)
    return sorted(foreign)


def preprocessed_lines(include, source):
    command = [*compiler(), "-std=c++20", f"-I{include}", "-E", "-x", "c++", "-"]
    done = subprocess.run(command, input=source, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")
    return sum(1 for line in done.stdout.splitlines() if line.strip() and not line.startswith("#"))


def user_seconds(include, source, flags, times=3):
    """The median of the compiler's user time."""
    taken = []
    for _ in range(times):
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        subprocess.run([*compiler(), "-std=c++20", f"-I{include}", *flags, "-x", "c++", "-", "-o", os.devnull], input=source,
                       text=True, check=True)
        taken.append(resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before)
    return statistics.median(taken)


def including(headers):
    """Includes those that exist: a header may ask with __has_include which of two another library has."""
    return "".join(f"#if __has_include(<{name}>)\n#include <{name}>\n#endif\n" for name in headers)


class Cost:
    """The lines of a header and of the foreign headers that it needs."""

    def __init__(self, include, header):
        self.header = header
        self.foreign = foreign_headers(include, header)
        self.lines = preprocessed_lines(include, f"#include <eddy/{header}>\n")
        self.needed = preprocessed_lines(include, including(self.foreign))

    @property
    def own(self):
        return self.lines - self.needed


def costs(root):
    include = root / "include"
    headers = sorted(path.relative_to(include / "eddy").as_posix() for path in (include / "eddy").rglob("*.hpp"))
    headers = [name for name in headers if not OPTIONAL.match(name)]
    headers.sort(key=lambda name: (UMBRELLAS.index(name) if name in UMBRELLAS else len(UMBRELLAS), name))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(lambda header: Cost(include, header), headers))


def check(root):
    measured = costs(root)
    over = [cost for cost in measured if cost.own > budget_of(cost.header)]
    for cost in over:
        print(f"eddy/{cost.header}: {cost.own} lines beyond the {cost.needed} of the headers that it needs; allowed are {budget_of(cost.header)}")
    largest = max(measured, key=lambda cost: cost.own / budget_of(cost.header))
    print(f"{len(measured)} headers; nearest to its budget is eddy/{largest.header}: {largest.own} of {budget_of(largest.header)}")
    return 1 if over else 0


def table(root, quick):
    include = root / "include"
    print(f"{'header':38}{'lines':>9}{'needed':>9}{'own':>8}" + ("" if quick else f"{'user s':>9}{'needed':>9}{'own':>8}"))
    for cost in costs(root):
        print(f"eddy/{cost.header:33}{cost.lines:9}{cost.needed:9}{cost.own:8}", end="")
        if not quick:
            ours, needed = (user_seconds(include, including(names), ["-O0", "-fsyntax-only"])
                            for names in ([f"eddy/{cost.header}"], cost.foreign))
            print(f"{ours:9.2f}{needed:9.2f}{ours - needed:8.2f}", end="")
        print(flush=True)
    if quick:
        return 0
    needed = including(foreign_headers(include, "eddy.hpp"))
    for title, source in (("the umbrella and one coroutine", ONE_COROUTINE), ("the standard headers it needs", needed)):
        syntax, compiled = (user_seconds(include, source, flags) for flags in (["-O0", "-fsyntax-only"], ["-O2", "-c"]))
        print(f"{title:38}{syntax:7.2f} s -O0 -fsyntax-only{compiled:7.2f} s -O2 -c")
    return 0


def code_size(binary):
    """Bytes of code and of data, from size(1)."""
    fields = subprocess.run(["size", binary], check=True, capture_output=True, text=True).stdout.splitlines()[1].split()
    return int(fields[0]), int(fields[1]) + int(fields[2])


def sizes(root):
    include = root / "include"
    print(f"{'program':38}{'code':>10}{'data':>8}{'stripped':>10}{'user s':>9}")
    with tempfile.TemporaryDirectory() as folder:
        minimal = pathlib.Path(folder) / "minimal.cpp"
        minimal.write_text(MINIMAL, encoding="utf-8")
        plain = pathlib.Path(folder) / "plain.cpp"
        plain.write_text("int main() {}\n", encoding="utf-8")
        for source in [plain, minimal, *sorted((root / "examples").glob("*.cpp"))]:
            program = pathlib.Path(folder) / source.stem
            libraries = ["-lfmt"] if source.parent.name == "examples" else []
            before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
            done = subprocess.run([*compiler(), "-std=c++20", "-O2", "-DNDEBUG", f"-I{include}", f"-I{source.parent}", str(source), "-o",
                                   str(program), "-pthread", *libraries], capture_output=True, text=True, check=False)
            taken = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
            if done.returncode != 0:
                print(f"{source.stem:38}   does not build by itself: {done.stderr.splitlines()[0][:60]}")
                continue
            code, data = code_size(program)
            if shutil.which("strip"):
                subprocess.run(["strip", program], check=True)
            print(f"{source.stem:38}{code:10}{data:8}{program.stat().st_size:10}{taken:9.2f}", flush=True)
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=pathlib.Path)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--sizes", action="store_true")
    options = parser.parse_args()
    if options.check:
        return check(options.root)
    if options.sizes:
        return sizes(options.root)
    return table(options.root, options.quick)


if __name__ == "__main__":
    sys.exit(main())
