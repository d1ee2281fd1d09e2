"""Object files that were built differently: each works with an eddy of its own, or the program does not link.

The name of eddy's inline namespace changes with what changes its layout: sanitizers and EDDY_PLAIN_NEW. So two units
that each use only their own eddy get along in one program, whatever they were built with, and to pass an object of
eddy's from one to the other is an undefined reference that names the namespace: as an argument, as the result and as
a variable.
"""
# SPDX-License-Identifier: MIT
import argparse
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
INCLUDE = HERE.parents[2] / "include"
ASAN = "-fsanitize=address"
BUILDS = {"asan": ["-O0", ASAN], "plain": ["-O2", "-DEDDY_PLAIN_NEW"], "pool": ["-O2"]}
NAMESPACES = {"asan": "v0_asan", "plain": "v0_plain", "pool": "v0"}
APART = "10 10\n16 16\n22 22\n"
SKIPPED = 77


def call(*arguments, **more):
    return subprocess.run([str(argument) for argument in arguments], capture_output=True, text=True, **more)


class Check:
    def __init__(self, compiler, folder):
        self.compiler, self.folder, self.failures = compiler, folder, []
        folder.mkdir(parents=True, exist_ok=True)

    def expect(self, what, good, output=""):
        print(f"{'ok' if good else 'FAILED'}: {what}")
        if not good:
            print(output[-4000:])
            self.failures.append(what)

    def compile(self, unit, build):
        target = self.folder / f"{unit}-{build}.o"
        result = call(self.compiler, "-std=c++20", "-Wall", "-Wextra", *BUILDS[build], f"-I{INCLUDE}", "-c",
                      HERE / f"{unit}.cpp", "-o", target)
        if result.returncode != 0:
            sys.exit(f"{unit}.cpp does not compile as {build}:\n{result.stderr[-4000:]}")
        return target

    def link(self, first, second, *names):
        target = self.folder / "-".join(names)
        flags = [ASAN] if "asan" in names else []
        return target, call(self.compiler, *flags, "-pthread", first, second, "-o", target)

    def run(self, program):
        return call(program, env=dict(os.environ, MALLOC_PERTURB_="65", ASAN_OPTIONS="detect_leaks=0"), timeout=60)


def defined(file):
    """The names that mention eddy and that this object file defines."""
    lines = call("nm", "--defined-only", "--format=posix", file).stdout.splitlines()
    return {line.split()[0] for line in lines if "4eddy" in line and line.split()[1] not in "tdbr"}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--compiler", default="g++")
    parser.add_argument("--build", type=pathlib.Path, required=True, help="a folder for what is built")
    options = parser.parse_args()
    probe = call(options.compiler, ASAN, "-x", "c++", "-", "-o", os.devnull, input="int main() {}")
    if probe.returncode != 0:
        print(f"skipped: {options.compiler} has no AddressSanitizer here")
        return SKIPPED

    check = Check(options.compiler, options.build)
    second = check.compile("second", "pool")
    together = check.compile("together", "pool")
    program, linked = check.link(together, second, "together", "pool")
    good = linked.returncode == 0
    ran = check.run(program) if good else None
    check.expect("units that are built alike share tasks", good and ran.stdout == "7\n", linked.stderr)
    for build in ("asan", "plain"):
        apart = check.compile("apart", build)
        common = defined(apart) & defined(second)
        check.expect(f"{build} and pool define none of eddy's names in common", not common, "\n".join(sorted(common)))
        program, linked = check.link(apart, second, "apart", build)
        check.expect(f"{build} and pool link, if they are apart", linked.returncode == 0, linked.stderr)
        if linked.returncode == 0:
            ran = check.run(program)
            check.expect(f"{build} and pool work, if they are apart", ran.returncode == 0 and ran.stdout == APART,
                         f"{ran.returncode}\n{ran.stdout}{ran.stderr}")
        together = check.compile("together", build)
        _, linked = check.link(together, second, "together", build)
        check.expect(f"{build} and pool do not link, if they share tasks", linked.returncode != 0)
        for name in ("made_by_second", "given_to_second", "object_of_second"):
            named = [line for line in linked.stderr.splitlines()
                     if "undefined reference" in line and name in line and NAMESPACES[build] in line]
            check.expect(f"{build}: the linker misses {name} of {NAMESPACES[build]}", named, linked.stderr)
    return 1 if check.failures else 0


if __name__ == "__main__":
    sys.exit(main())
