"""Puts headers of eddy, and what they include of it, into one file.

Without arguments these are the umbrellas that need no other library: eddy.hpp, threads.hpp and io.hpp. With TLS, too:

  single_header.py --out eddy_single.hpp eddy/eddy.hpp eddy/threads.hpp eddy/io.hpp eddy/io/tls.hpp

Each header of eddy stands in the file once, at the place where it is needed first, with its comments. Other includes stay
where they are, each once, but for those behind a condition.
"""
# SPDX-License-Identifier: MIT
import argparse
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
UMBRELLAS = ("eddy/eddy.hpp", "eddy/threads.hpp", "eddy/io.hpp")
INCLUDE = re.compile(r'[ \t]*#[ \t]*include[ \t]*([<"][^>"]+[>"])')
CONDITION = re.compile(r"[ \t]*#[ \t]*(if|endif)")
ONLY_ONCE = re.compile(r"[ \t]*#[ \t]*pragma[ \t]+once\b")
LICENCE_LINE = "// SPDX-License-Identifier: MIT"

HEAD = """\
// eddy {version}: asyncio for C++20, in one header, made of {names}.
//
// To be compiled with -std=c++20 -pthread, on Linux. Headers of eddy/ are not to be included beside it.
//
{licence}
//
{licence_line}
#pragma once

#if defined(EDDY_VERSION)
#error "eddy: a header of <eddy/...>, or another eddy_single.hpp, precedes this one; include one of the two only."
#endif
"""
# base/config.hpp refuses to be included after it.
TAIL = """
#define EDDY_SINGLE_HEADER 1
"""


class Refused(Exception):
    """A header that this script does not know how to put into the file."""


class SingleHeader:
    def __init__(self, include):
        self.include = include
        self.seen = set()  # of eddy's headers, and of others that are included whatever happens
        self.lines = []

    def add(self, name):
        """Writes a header of eddy, after those that it includes, unless it stands in the file already."""
        if name in self.seen:
            return
        self.seen.add(name)
        path = self.include / name
        if not path.is_file():
            raise Refused(f"there is no header {name} in {self.include}")
        kept, depth = [], 0
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if ONLY_ONCE.match(line) or line == LICENCE_LINE:
                continue
            condition = CONDITION.match(line)
            if condition:
                depth += 1 if condition[1] == "if" else -1
            included = INCLUDE.match(line)
            if not included:
                kept.append(line)
            elif included[1].startswith('"'):
                raise Refused(f"{name}:{number} includes {included[1]}: write <eddy/...>")
            elif not included[1].startswith("<eddy/"):
                kept.append((included[1], line, depth))
            elif depth:
                raise Refused(f"{name}:{number} includes a header of eddy behind a condition")
            else:
                self.add(included[1][1:-1])
        if all(isinstance(line, str) and (not line or line.startswith("//")) for line in kept):
            return  # an umbrella
        self.lines += ["", f"// <{name}>"]
        for line in kept:
            if isinstance(line, tuple):
                included, line, depth = line
                if included in self.seen and not depth:
                    continue
                if not depth:
                    self.seen.add(included)
            self.lines.append(line)

    def text(self):
        """What was written, without doubled blank lines, and without what was the last line but one of opening comments."""
        text = "\n".join(self.lines) + "\n"
        text = re.sub(r"^//\n(?=\n)", "", text, flags=re.MULTILINE)
        return re.sub(r"\n{3,}", "\n\n", text)


def version_of(include):
    text = (include / "eddy/base/version.hpp").read_text(encoding="utf-8")
    parts = [re.search(rf"^#define EDDY_VERSION_{part} +(\d+)$", text, re.MULTILINE) for part in ("MAJOR", "MINOR", "PATCH")]
    if None in parts:
        raise Refused("eddy/base/version.hpp has no line '#define EDDY_VERSION_<part> <number>' for each part")
    return ".".join(part[1] for part in parts)


def single_header(include, licence, names):
    header = SingleHeader(include)
    for name in names:
        header.add(name)
    quoted = [f"<{name}>" for name in names]
    names = " and ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)
    licence = "\n".join(f"// {line}".rstrip() for line in licence.read_text(encoding="utf-8").strip().splitlines())
    head = HEAD.format(version=version_of(include), names=names, licence=licence, licence_line=LICENCE_LINE)
    return head + header.text() + TAIL


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, help="where to write it; standard output if it is not given")
    parser.add_argument("headers", nargs="*", default=UMBRELLAS, help="as in an include: eddy/eddy.hpp")
    options = parser.parse_args()
    try:
        text = single_header(ROOT / "include", ROOT / "LICENSE", options.headers)
    except Refused as refused:
        sys.exit(f"single_header.py: {refused}")
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
