"""Takes eddy in as programs do, each way a test: what is built has to run, and to say its version.

The install that the others use is made by the test `install`, in a folder that is moved afterwards. The compilers see
eddy's headers as a program's own, not as system headers, so warnings count.
"""
# SPDX-License-Identifier: MIT
import argparse
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parents[1]
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Werror"]


class Failed(Exception):
    """What a test reports: a sentence, and what was printed."""


def call(*arguments, fails=False, **more):
    """Runs a program. Gives what it printed, both streams; fails if it does (or, with `fails`, if it does not)."""
    words = [str(argument) for argument in arguments]
    result = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, **more)
    if (result.returncode != 0) != fails:
        raise Failed(f"{shlex.join(words)} {'succeeded' if fails else 'failed'}:\n{result.stdout[-6000:]}")
    return result.stdout


def expect(good, sentence, output=""):
    if not good:
        raise Failed(f"not so: {sentence}\n{output[-6000:]}")
    print(f"ok: {sentence}")


def fresh(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


class Consume:
    def __init__(self, options):
        self.build = options.build  # of all tests; each has a folder of its own below it
        self.prefix = options.build / "moved here"  # with a space, which paths may have
        self.compiler, self.generator, self.version = options.compiler, options.generator, options.version
        self.components, self.everything = options.components.split(), options.everything
        self.folder = fresh(options.build / f"{options.test}-{pathlib.Path(options.compiler).name}")

    # ------------------------------------------------------------------------------------------ what the tests share

    def configure(self, source, folder, *definitions, **more):
        return call("cmake", "-G", self.generator, "-S", source, "-B", folder, f"-DCMAKE_CXX_COMPILER={self.compiler}",
                    "-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_CXX_FLAGS_DEBUG=-O0", *definitions, **more)

    def run_programs(self, components):
        """The programs of hello/, built in this test's folder: one for eddy, and one for each component, named after it."""
        said = call(self.folder / "hello")
        expect(said == f"eddy {self.version}: 7\n", "the program runs and says the version", said)
        for component in components:
            call(self.folder / component)
            print(f"ok: the component {component} brings its library along")

    def build_program(self, name, components, *definitions, flags=()):
        self.configure(HERE / name, self.folder, f"-DCOMPONENTS={';'.join(components)}",
                       "-DCMAKE_COMPILE_WARNING_AS_ERROR=ON", f"-DCMAKE_CXX_FLAGS={' '.join([*WARNINGS, *flags])}",
                       "-DCMAKE_NO_SYSTEM_FROM_IMPORTED=ON", *definitions)
        call("cmake", "--build", self.folder)

    def hello(self, how, components, *definitions):
        self.build_program("hello", components, f"-DHOW={how}", *definitions)
        self.run_programs(components)

    def compile(self, target, *arguments):
        call(self.compiler, "-std=c++20", "-pthread", "-O0", *WARNINGS, *arguments, "-o", target)

    def units(self, *flags):
        """Two units, compiled without a warning, linked and run."""
        objects = []
        for unit in ("main", "second"):
            objects.append(self.folder / f"{unit}.o")
            self.compile(objects[-1], f"-I{self.prefix / 'include'}", *flags, "-c", HERE / "units" / f"{unit}.cpp")
        program = self.folder / "units"
        self.compile(program, *objects)
        major, minor, patch = map(int, self.version.split("."))
        said = call(program)
        expect(said == f"eddy {10000 * major + 100 * minor + patch}: 10, 30, late, 6\n", "two units link and run", said)

    def pkg_config(self, *arguments, **more):
        path = str(self.prefix / "share/pkgconfig")
        return call("pkg-config", *arguments, env=dict(os.environ, PKG_CONFIG_PATH=path), **more).strip()

    # ------------------------------------------------------------------------------------------------------ the tests

    def test_install(self):
        shutil.rmtree(self.prefix, ignore_errors=True)
        first, tree = self.folder / "prefix", self.folder / "build"
        self.configure(SOURCE, tree, "-DEDDY_BUILD_TESTS=OFF", "-DEDDY_BUILD_EXAMPLES=OFF", "-DEDDY_SINGLE_HEADER=ON",
                       f"-DCMAKE_INSTALL_PREFIX={first}")
        call("cmake", "--build", tree)
        call("cmake", "--install", tree)

        include = SOURCE / "include"
        headers = {str(path.relative_to(include)) for path in include.rglob("*.hpp")}
        there = {str(path.relative_to(first / "include")) for path in (first / "include").rglob("*") if path.is_file()}
        expect(there == headers | {"eddy_single.hpp"}, "all headers are installed, and nothing else is among them",
               "\n".join(sorted(there ^ headers)))
        expect((first / "share/doc/eddy/LICENSE").is_file(), "the licence is installed")
        for path in first.rglob("*"):
            if path.is_file():
                text = path.read_text(encoding="utf-8")
                for place in (first, tree, SOURCE):
                    if str(place) in text:
                        raise Failed(f"{path} names the folder {place}, so it cannot be moved")
        print("ok: no file names a folder of the build or of the install")
        first.rename(self.prefix)

    def test_find_package(self):
        major_minor = self.version.rpartition(".")[0]
        self.hello("find_package", self.components, f"-DCMAKE_PREFIX_PATH={self.prefix}", f"-DVERSION={major_minor}")

    def test_add_subdirectory(self):
        self.hello("add_subdirectory", self.components, f"-DEDDY={SOURCE}")

    def test_fetch_content(self):
        self.hello("fetch_content", self.components, f"-DEDDY={SOURCE}")

    def test_components(self):
        self.build_program("components", self.components, f"-DCMAKE_PREFIX_PATH={self.prefix}", flags=["-fno-rtti"])
        for component in self.components:
            said = call(self.folder / component)
            expect(said.startswith("refused: "), f"all of {component} compiles without a warning and with -fno-rtti, and runs", said)

    def test_refused(self):

        def found(arguments, *definitions, **more):
            output = self.configure(HERE / "refused", self.folder, f"-DCMAKE_PREFIX_PATH={self.prefix}",
                                    f"-DARGUMENTS={arguments.replace(' ', ';')}", *definitions, **more)
            return " ".join(output.split())  # CMake breaks lines

        unknown = "eddy has no component 'nothing' (there are: "
        known = "); what needs no other library is in eddy::eddy, without one."
        said = found("REQUIRED COMPONENTS nothing", fails=True)
        expect(unknown in said and known in said, "an unknown component is named, with those that there are", said)
        said = found("OPTIONAL_COMPONENTS nothing")
        expect("found: 1" in said and "nothing: 'FALSE'" in said, "an optional component may be missing", said)

        disabled = ["-DCMAKE_DISABLE_FIND_PACKAGE_OpenSSL=ON"]
        needs = ("eddy's component tls needs OpenSSL 3.0 or later with its headers: install it (Debian: libssl-dev), "
                 "or set OPENSSL_ROOT_DIR to where it is.")
        page = (SOURCE / "docs/packaging.md").read_text(encoding="utf-8")
        stated = " ".join(re.search(r"^```text by \S+\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)[1].split())
        said = found("REQUIRED COMPONENTS tls", *disabled, fails=True)
        expect(stated in said, "docs/packaging.md quotes what is said", said)
        said = found("REQUIRED COMPONENTS tls nothing", *disabled, fails=True)
        expect(needs in said and unknown in said, "all that is missing is named, with what it needs", said)
        said = found("COMPONENTS tls", *disabled)
        expect("found: 0" in said and needs in said, "without REQUIRED the program goes on, and is told", said)
        needs = ("eddy's component http needs libcurl 7.88 or later with its headers: install it (Debian: libcurl4-openssl-dev), "
                 "or set CURL_ROOT to where it is.")
        said = found("REQUIRED COMPONENTS http", "-DCMAKE_DISABLE_FIND_PACKAGE_CURL=ON", fails=True)
        expect(needs in said, "a libcurl that is missing is named, and how to get it", said)

        major, minor, patch = map(int, self.version.split("."))
        for version in (f"{major + 1}.0", f"{major}.{minor + 1}", f"{major}.{minor}.{patch + 1}"):
            said = found(f"{version} REQUIRED", fails=True)
            expect(f'requested version "{version}"' in said and f"version: {self.version}" in said,
                   f"eddy {version} is refused, and told which one there is", said)
        for version in (f"{major}.{minor}", f"{self.version} EXACT"):
            said = found(f"{version} REQUIRED")
            expect(f"found: 1, version: {self.version}" in said, f"eddy {version} is found", said)

    def test_pkg_config(self):
        for name, program in [("eddy", "hello"), *((f"eddy-{component}", component) for component in self.components)]:
            flags = shlex.split(self.pkg_config("--cflags", "--libs", name))
            call(self.compiler, "-std=c++20", *WARNINGS, HERE / "hello" / f"{program}.cpp", *flags, "-o", self.folder / program)
        self.run_programs(self.components)
        said = self.pkg_config("--print-errors", "--exists", "eddy >= 99", fails=True)
        expect("99" in said and self.version in said, "a version that is too new is refused", said)

    def test_meson(self):
        environment = dict(os.environ, CXX=self.compiler, PKG_CONFIG_PATH=str(self.prefix / "share/pkgconfig"))
        call("meson", "setup", "--buildtype=plain", self.folder, HERE / "hello", env=environment)
        call("meson", "compile", "-C", self.folder, env=environment)
        self.run_programs([])

    def test_units(self):
        self.units()

    def test_no_rtti(self):
        include = f"-I{self.prefix / 'include'}"
        self.compile(os.devnull, "-fno-rtti", "-fsyntax-only", include, self.everything)
        print("ok: all that needs no other library compiles with -fno-rtti")
        self.compile(self.folder / "hello", "-fno-rtti", include, HERE / "hello/hello.cpp")
        said = call(self.folder / "hello")
        expect(said == f"eddy {self.version}: 7\n", "a program without type information runs", said)

    def test_single_header(self):
        self.units("-DUNITS_OF_SINGLE_HEADER")
        sentence = "error: .*eddy_single.hpp.*; include one of the two only"
        for name, order in [("after", ("eddy/base/version.hpp", "eddy_single.hpp")),
                            ("before", ("eddy_single.hpp", "eddy/base/version.hpp"))]:
            unit = self.folder / f"{name}.cpp"
            unit.write_text("".join(f"#include <{header}>\n" for header in order), encoding="utf-8")
            said = call(self.compiler, "-std=c++20", "-fsyntax-only", "-Wfatal-errors", f"-I{self.prefix / 'include'}", unit,
                        fails=True)
            first = next((line for line in said.splitlines() if "error:" in line), "")
            expect(re.search(sentence, first), f"the single header {name} another one of eddy's is refused", said)

    def test_versions(self):
        """Whoever names the version names that of base/version.hpp, which CMake reads and programs print."""
        share, single = self.prefix / "share", (self.prefix / "include/eddy_single.hpp").read_text(encoding="utf-8")
        found = {"the single header's first line": single.splitlines()[0].split()[2].rstrip(":")}
        for place, text in [("the single header", single), ("base/version.hpp",
                             (self.prefix / "include/eddy/base/version.hpp").read_text(encoding="utf-8"))]:
            found[place] = ".".join(re.findall(r"^#define EDDY_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)$", text, re.MULTILINE))
        config = (share / "cmake/eddy/eddyConfigVersion.cmake").read_text(encoding="utf-8")
        found["find_package"] = re.search(r'^set\(PACKAGE_VERSION "(.*)"\)$', config, re.MULTILINE)[1]
        for path in sorted((share / "pkgconfig").iterdir()):
            found[path.name] = re.search(r"^Version: (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)[1]
        for place, version in found.items():
            expect(version == self.version, f"{place} says {self.version}", version)

        major_minor = self.version.rpartition(".")[0]
        for name in ("README.md", "docs/packaging.md"):
            text = (SOURCE / name).read_text(encoding="utf-8")
            asked = set(re.findall(r"find_package\(eddy (\d[\d.]*)", text))
            expect(asked == {major_minor}, f"{name} asks find_package for {major_minor}", str(asked))

    def test_recipes(self):
        """The recipes of docs/packaging.md for tools that are not here: at least they can be read, and are of this version."""
        text = (SOURCE / "docs/packaging.md").read_text(encoding="utf-8")
        blocks = {name: body for name, body in re.findall(r"^`([\w.]+)`:\n\n```\w+\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)}
        expect(set(blocks) == {"vcpkg.json", "portfile.cmake", "conanfile.py"}, "the recipes are there", str(set(blocks)))
        manifest = json.loads(blocks["vcpkg.json"])
        expect(manifest["version"] == self.version, f"the vcpkg port is of {self.version}")
        expect(set(manifest["features"]) >= set(self.components), "the vcpkg port has the components", str(manifest["features"]))
        self.portfile(blocks["portfile.cmake"])
        compile(blocks["conanfile.py"], "conanfile.py", "exec")
        asked = re.findall(r'^    version = "(.*)"$', blocks["conanfile.py"], re.MULTILINE)
        expect(asked == [self.version], f"the Conan recipe is of {self.version}", str(asked))
        asked = re.findall(r"CPMAddPackage\(NAME eddy VERSION (\S+) ", text)
        expect(asked == [self.version], f"the CPM line is of {self.version}", str(asked))

    def portfile(self, text):
        """vcpkg's script, run by CMake with stand-ins for the functions of vcpkg that it calls, as they were called."""
        names = ("from_git", "cmake_configure", "cmake_install", "cmake_config_fixup", "fixup_pkgconfig", "install_copyright")
        script = self.folder / "portfile.cmake"
        stands_in = "function(vcpkg_{0})\n  message(NOTICE \"{0}: ${{ARGV}}\")\nendfunction()\n"
        script.write_text("".join(stands_in.format(name) for name in names) + text, encoding="utf-8")
        said = call("cmake", f"-DSOURCE_PATH={SOURCE}", "-P", script)
        expect([line.split(":")[0] for line in said.splitlines()] == list(names), "the vcpkg port's script calls what it has to", said)
        options = re.findall(r"-D(\w+)=", said)
        known = (SOURCE / "CMakeLists.txt").read_text(encoding="utf-8")
        expect(options and all(f"option({name} " in known for name in options), "the vcpkg port sets options that eddy has", said)
        folder, licence = re.search(r"CONFIG_PATH;(\S+)", said)[1], re.search(r"FILE_LIST;(\S+)", said)[1]
        expect((self.prefix / folder / "eddyConfig.cmake").is_file(), "the vcpkg port finds eddy's CMake files", folder)
        expect(pathlib.Path(licence).is_file(), "the vcpkg port finds the licence", licence)

def main():
    tests = [name.removeprefix("test_") for name in dir(Consume) if name.startswith("test_")]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("test", choices=tests)
    parser.add_argument("--build", type=pathlib.Path, required=True, help="a folder for what is built")
    parser.add_argument("--compiler", default="g++")
    parser.add_argument("--generator", default="Ninja", help="CMake's")
    parser.add_argument("--version", required=True, help="the version that everything has to say")
    parser.add_argument("--everything", type=pathlib.Path, help="a unit that includes all headers that need no other library")
    parser.add_argument("--components", default="", help="those whose library is here, with blanks between")
    options = parser.parse_args()
    options.build = options.build.resolve()
    try:
        getattr(Consume(options), f"test_{options.test}")()
    except Failed as failed:
        print(failed)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
