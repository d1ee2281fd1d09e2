"""Mutation test: would a test fail if a line that wakes, unlinks, hands over, masks, counts or decides were wrong?

    mutants.py [--build FOLDER] [--only PART]... [--kinds KIND,...] [--every N] [--minutes N] ...

Copies the headers, makes each such line switchable at run time (mutate.py), builds the unit tests of the loop, task,
combine, sync and flow folders against the copy into one program, and runs them with one mutant on after another, until
one test fails. A crash, a deadlock that the loop reports and a test file that takes too long count as failures. Only
the files that reach the mutant are run. What the plain tests do not notice is tried under EDDY_SEEDS=10, with the tests
of real time, descriptors and great depth, and under EDDY_SWEEP=allocations and EDDY_SWEEP=cancellations.

survivors.txt lists the mutants that change no behaviour, each with the reason. Exits with 1 if less than 95 % of the
others are killed, or if an entry is killed or is found no more. The table is FOLDER/result.json.

    mutants.py --list [--only PART]        only lists the mutants
    mutants.py --self-test                 the finder, and that survivors.txt names mutants that exist
"""
# SPDX-License-Identifier: MIT
import argparse
import collections
import hashlib
import json
import os
import pathlib
import re
import resource
import signal
import subprocess
import sys
import threading
import time

import mutate

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
INCLUDE = ROOT / "include"
TESTS = ROOT / "tests"
SURVIVORS = HERE / "survivors.txt"
FOLDERS = ("loop", "task", "combine", "sync", "flow")
HEADERS = ["sync/*.hpp", "combine/*.hpp"]
HEADERS += [f"flow/{name}.hpp" for name in ("queue", "channel", "exchange", "async_generator", "generator_cleanup",
                                            "stream_concurrency")]
HEADERS += [f"task/{name}.hpp" for name in ("cancellation", "child_group", "task_handle", "future", "watcher",
                                            "foreign_awaiter", "done_callback")]
HEADERS += [f"loop/{name}.hpp" for name in ("scheduler", "wait_queue", "waiter", "timer_queue", "ready_queue")]
# How the tests of a file are run, one way after another until one of them fails: which of them, and in what environment.
# Real time and descriptors may fail on a busy machine without a mutant, and great depth takes long, so these come
# late, and a failure among them is confirmed. What does a million of anything is left out.
KIT = "[#{0}]~[.]~[real]~[socket]~[deep]~[large]"
APART = {tag: (f"[#{{0}}][{tag}]~[.]", {}) for tag in ("real", "socket", "deep")}
MODES = {"plain": (KIT, {}), "seeds": (KIT, {"EDDY_SEEDS": "10"}), **APART,
         "allocations": (KIT, {"EDDY_SWEEP": "allocations"}), "cancellations": (KIT, {"EDDY_SWEEP": "cancellations"})}
MIRRORED_FOLDER_ONLY = ("seeds", "deep", "allocations", "cancellations")
WANTED = 95.0
TOO_LONG, NO_TESTS = "takes too long", "no tests"
MEMORY = 4 << 30


def headers(parts=()):
    found = [path for pattern in HEADERS for path in sorted((INCLUDE / "eddy").glob(pattern))]
    return [path for path in found if not parts or any(part in str(path) for part in parts)]


def find_all():
    """All mutants of all headers, numbered."""
    mutants = []
    for path in headers():
        mutants += mutate.find(str(path.relative_to(INCLUDE / "eddy")), path.read_text())
    for number, mutant in enumerate(mutants, 1):
        mutant.number = number
    return mutants


def read_survivors():
    """Key and reason of each entry: a line with the key, and an indented one with the reason."""
    entries, key = {}, None
    for number, line in enumerate(SURVIVORS.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if not line.startswith(" "):
            assert key is None, f"survivors.txt:{number}: the entry before this one has no reason"
            key = line.rstrip()
            assert key not in entries, f"survivors.txt:{number}: listed twice"
        elif key is not None:
            entries[key] = line.strip()
            key = None
        else:
            raise AssertionError(f"survivors.txt:{number}: a reason without an entry")
    assert key is None, f"survivors.txt: {key} has no reason"
    return entries


# --------------------------------------------------------------------------------------------------------- the program
class Build:
    def __init__(self, folder, compiler, flags, mutants):
        self.folder, self.compiler = folder, compiler
        self.mutants = mutants
        self.dropped = {}  # number: why it does not compile
        version = re.findall(r"#define EDDY_VERSION_\w+ +(\d+)", (INCLUDE / "eddy/base/version.hpp").read_text())
        self.flags = ["-std=c++20", *flags, "-w", "-pthread", f"-I{folder}/include", f"-I{TESTS}", f"-I{HERE}",
                      f'-DEDDY_TEST_PROJECT_VERSION="{".".join(version[:3])}"']
        self.program = folder / "tests"

    def write_headers(self):
        for path in INCLUDE.rglob("*.hpp"):
            name = str(path.relative_to(INCLUDE))
            here = [m for m in self.mutants if "eddy/" + m.header == name and m.number not in self.dropped]
            target = self.folder / "include" / name
            text = mutate.instrument(path.read_text(), here)
            if not target.exists() or target.read_text() != text:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text)

    def compile(self, *arguments):
        return subprocess.run(["nice", "-n", "10", self.compiler, *self.flags, *map(str, arguments)],
                              capture_output=True, text=True)

    def drop(self, output):
        """Drops the mutants of the lines that the errors name; True if there are some."""
        before = len(self.dropped)
        # Each diagnostic: its own line first, else the lines that it was instantiated from.
        places = re.findall(r"include/eddy/([\w/]+\.hpp):(\d+):\d+: (error|fatal error)?:? ?(.*)", output)
        for only_errors in (True, False):
            for header, line, error, what in places:
                if only_errors and not error:
                    continue
                for mutant in self.mutants:
                    if mutant.header == header and mutant.number not in self.dropped and (
                            mutant.line <= int(line) <= mutant.line + self.lines_of(mutant)):
                        self.dropped[mutant.number] = what
            if len(self.dropped) > before:
                return True
        return False

    def lines_of(self, mutant):
        text = (INCLUDE / "eddy" / mutant.header).read_text()
        return text.count("\n", mutant.start, mutant.end)

    def until_it_compiles(self, *arguments, header=False):
        for _ in range(30):
            result = self.compile(*arguments)
            if result.returncode == 0:
                return
            if not self.drop(result.stderr):
                sys.exit(f"does not compile, and no mutant is to blame:\n{result.stderr[:4000]}")
            self.write_headers()
            if not header:
                self.make_prefix()
        sys.exit("does not compile after 30 attempts")

    def make_prefix(self):
        self.until_it_compiles("-x", "c++-header", self.folder / "prefix.hpp", "-o", self.folder / "prefix.hpp.gch",
                               header=True)

    def run(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        files = [path for folder in FOLDERS for path in sorted((TESTS / folder).glob("*_test.cpp"))]
        state = hashlib.sha256(repr(self.flags).encode())
        for path in [*sorted(INCLUDE.rglob("*.hpp")), *sorted((TESTS / "support").glob("*")), *HERE.glob("*.?pp"),
                     HERE / "mutate.py"]:
            state.update(path.read_bytes())
        stamp = self.folder / "stamp.json"
        old = json.loads(stamp.read_text()) if stamp.exists() else {}
        done = old.get("units", {}) if old.get("state") == state.hexdigest() else {}
        self.dropped = {int(number): why for number, why in old.get("dropped", {}).items()} if done else {}
        self.write_headers()
        (self.folder / "prefix.hpp").write_text('#include "runtime.hpp"\n#include "support/run.hpp"\n')
        if not done:
            self.until_it_compiles("-fsyntax-only", "-include", "runtime.hpp", "-x", "c++",
                                   self.folder / "include/eddy/eddy.hpp", header=True)
            self.make_prefix()
        units = [(path, ["-include", self.folder / "prefix.hpp"]) for path in files]
        units += [(TESTS / "support/main.cpp", ["-O0", "-include", "runtime.hpp"]), (HERE / "runtime.cpp", [])]
        objects, changed = [], False
        for path, more in units:
            target = self.folder / (path.stem + ".o")
            objects.append(target)
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            if done.get(path.stem) == digest and target.exists():
                continue
            print(f"compiling {path.relative_to(ROOT)}", flush=True)
            self.until_it_compiles(*more, "-c", path, "-o", target)
            done[path.stem] = digest
            changed = True
            stamp.write_text(json.dumps({"state": state.hexdigest(), "units": done, "dropped": self.dropped}))
        if changed or not self.program.exists():
            result = self.compile(*objects, "-lfmt", "-o", self.program)
            if result.returncode != 0:
                sys.exit(result.stderr[:4000])
        return files


# ----------------------------------------------------------------------------------------------------------- the tests
def end_session(session):
    """Ends what a program that hung has started: all of its session, which is this script's own child."""
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) == session:
                os.kill(int(entry.name), signal.SIGKILL)
        except (OSError, ValueError, IndexError):
            pass


def limit_resources():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


class Tests:
    def __init__(self, build, files):
        self.build = build
        self.files = {path.stem: path.parent.name for path in files}
        self.known = {}  # (mode, stem): seconds without a mutant and the mutants that are reached; None: not to be used
        self.kills = collections.defaultdict(collections.Counter)
        self.lock = threading.Lock()
        self.locks = collections.defaultdict(threading.Lock)

    def run(self, stem, mode, mutant=0, limit=120.0, reached=None):
        """None if all tests of the file pass, else how they failed."""
        selection, more = MODES[mode]
        environment = dict(os.environ, MALLOC_PERTURB_="65", EDDY_MUTANT=str(mutant), **more)
        if reached is not None:
            environment["EDDY_MUTANT_REACHED"] = str(reached)
        process = subprocess.Popen(
            ["nice", "-n", "5", str(self.build.program), "--abort", "--filenames-as-tags", selection.format(stem)],
            env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True, preexec_fn=limit_resources)
        try:
            output, _ = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            end_session(process.pid)
            process.kill()
            process.stdout.close()
            process.wait()
            return TOO_LONG
        if process.returncode == 0:
            return None
        text = output.decode(errors="replace")
        if "No test cases matched" in text or "No tests ran" in text:
            return NO_TESTS
        if "deadlock: nothing can ever run again" in text:
            return "deadlock"
        failed = re.search(r"-{20,}\n([^\n]+)\n-{20,}", text)
        end = f"signal {-process.returncode}" if process.returncode < 0 else "failed"
        return f"{end}: {failed[1].strip()}" if failed else end

    def baseline(self, mode, stem):
        """Without a mutant: the seconds and which mutants are reached; None for a file that tells nothing in this mode."""
        with self.lock:
            lock = self.locks[mode, stem]
        with lock:
            if (mode, stem) not in self.known:
                path = self.build.folder / f"reached-{mode}-{stem}"
                path.unlink(missing_ok=True)
                start = time.monotonic()
                failure = self.run(stem, mode, reached=path)
                seconds = time.monotonic() - start
                if failure is None:
                    data = path.read_bytes()
                    self.known[mode, stem] = seconds, {m.number for m in self.build.mutants if data[m.number]}
                else:
                    self.known[mode, stem] = None
                    if failure != NO_TESTS:
                        print(f"{mode}: {stem} fails without a mutant and is not used: {failure}", flush=True)
                path.unlink(missing_ok=True)
        return self.known[mode, stem]

    def reached(self, mutant):
        return any(known is not None and mutant.number in known[1] for known in list(self.known.values()))

    def order(self, mutant, mode):
        """The files that reach it: those that killed its neighbours first, then those that mirror its header."""
        folder, stem = pathlib.Path(mutant.header).parts[0], pathlib.Path(mutant.header).stem
        with self.lock:
            kills = dict(self.kills[mutant.header])
        files = []
        for file in self.files:
            near = self.files[file] == folder
            if mode in MIRRORED_FOLDER_ONLY and not near:
                continue
            known = self.baseline(mode, file)
            if known is not None and mutant.number in known[1]:
                mirrors = file.startswith(stem + "_")
                files.append((-kills.get(file, 0) / (0.3 + known[0]), not mirrors, not near, known[0], file))
        return [(file, seconds) for *_, seconds, file in sorted(files)]

    def judge(self, mutant, modes):
        """How it was killed: (file, mode, how), or None."""
        for mode in modes:
            for file, seconds in self.order(mutant, mode):
                limit = min(60.0, 3 + 6 * seconds)
                failure = self.run(file, mode, mutant.number, limit)
                if failure is None or failure == NO_TESTS:
                    continue
                if mode in APART and (self.run(file, mode, 0, limit) is not None
                                       or self.run(file, mode, mutant.number, limit) is None):
                    continue  # the machine's fault, maybe
                with self.lock:
                    self.kills[mutant.header][file] += 1
                return file, mode, failure
        return None


def in_parallel(items, function, jobs):
    queue, lock, failures = collections.deque(items), threading.Lock(), []

    def work():
        while not failures:
            with lock:
                if not queue:
                    return
                item = queue.popleft()
            try:
                function(item)
            except BaseException as error:  # noqa: B902
                failures.append(error)
    threads = [threading.Thread(target=work) for _ in range(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


# ----------------------------------------------------------------------------------------------------------------- main
def report(rows, survivors, build, seconds, complete):
    killed = [row for row in rows if row["killed_by"]]
    alive = [row for row in rows if not row["killed_by"]]
    listed = [row for row in alive if row["key"] in survivors]
    gaps = [row for row in alive if row["key"] not in survivors]
    stale = [f"{row['key']}: is killed by {row['killed_by']}" for row in killed if row["key"] in survivors]
    names = {m.key for m in build.mutants if m.number not in build.dropped}
    stale += [f"{key}: there is no such mutant" for key in survivors if key not in names]
    for row in gaps:
        print(f"survived: {row['header']}:{row['line']}: {row['kind']} `{row['text']}`"
              + ("" if row["reached"] else " (no test reaches it)"))
    for line in stale:
        print(f"survivors.txt: {line}")
    judged = len(killed) + len(gaps)
    percent = 100.0 * len(killed) / judged if judged else 100.0
    of_all = 100.0 * len(killed) / len(rows) if rows else 100.0
    print(f"{len(rows)} mutants run" + ("" if complete else " (not all of them)") +
          f", {len(build.dropped)} do not compile; {len(killed)} killed, {len(alive)} survived: {len(listed)} change "
          f"nothing, {len(gaps)} are gaps; {percent:.1f} % killed of those that change something, {of_all:.1f} % of all; "
          f"{seconds:.0f} s")
    return 0 if percent >= WANTED and not stale else 1


def self_test():
    mutate.self_test()
    names = {mutant.key for mutant in find_all()}
    missing = [key for key in read_survivors() if key not in names]
    for key in missing:
        print(f"survivors.txt: {key}: there is no such mutant")
    print(f"{len(names)} mutants")
    return 1 if missing else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/mutants", help="where all is built")
    parser.add_argument("--compiler", default="g++")
    parser.add_argument("--flags", default="-O1 -g0")
    parser.add_argument("--jobs", type=int, default=2, help="tests at the same time")
    parser.add_argument("--only", action="append", default=[], help="headers whose path contains this")
    parser.add_argument("--kinds", help="only these, with commas")
    parser.add_argument("--modes", default=",".join(MODES), help="how the tests are run, of %(default)s")
    parser.add_argument("--every", type=int, default=1, help="only each Nth mutant")
    parser.add_argument("--minutes", type=float, help="starts no mutant after this time")
    parser.add_argument("--resume", action="store_true", help="keeps what an earlier run of this build has found")
    parser.add_argument("--again", action="store_true", help="with --resume: runs survivors again")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()
    if options.self_test:
        return self_test()
    mutants = find_all()
    chosen = [m for m in mutants if not options.only or any(part in m.header for part in options.only)]
    if options.kinds:
        chosen = [m for m in chosen if m.kind in options.kinds.split(",")]
    chosen = chosen[::options.every]
    if options.list:
        for mutant in chosen:
            print(f"{mutant.number}: {mutant.header}:{mutant.line}: {mutant.kind} `{mutant.text}`")
        return 0

    survivors = read_survivors()
    modes = options.modes.split(",")
    start = time.monotonic()
    build = Build(options.build.resolve(), options.compiler, options.flags.split(), mutants)
    tests = Tests(build, build.run())
    chosen = [m for m in chosen if m.number not in build.dropped]
    built = time.monotonic()
    in_parallel(tests.files, lambda stem: tests.baseline("plain", stem), options.jobs)
    print(f"built in {built - start:.0f} s; {len(tests.files)} test files take {time.monotonic() - built:.0f} s; "
          f"{len(chosen)} mutants", flush=True)

    journal = build.folder / "journal.jsonl"
    found = {}
    if options.resume and journal.exists():
        for line in journal.read_text().splitlines():
            row = json.loads(line)
            found[row["key"]] = row
        if options.again:
            found = {key: row for key, row in found.items() if row["killed_by"]}
        for row in found.values():
            if row["killed_by"]:
                tests.kills[row["header"]][row["killed_by"]] += 1
    else:
        journal.unlink(missing_ok=True)
    lock = threading.Lock()
    # What wakes, unlinks and masks comes first, should the time not suffice.
    todo = [m for m in chosen if m.key not in found]
    todo.sort(key=lambda m: (m.kind in ("always", "never"), m.number))

    def judge(mutant):
        if options.minutes and time.monotonic() - start > 60 * options.minutes:
            return
        began = time.monotonic()
        killed = tests.judge(mutant, modes)
        row = {"key": mutant.key, "header": mutant.header, "line": mutant.line, "kind": mutant.kind,
               "text": mutant.text, "killed_by": killed and killed[0], "mode": killed and killed[1],
               "how": killed and killed[2], "seconds": round(time.monotonic() - began, 2),
               "reached": tests.reached(mutant)}
        with lock:
            found[mutant.key] = row
            with journal.open("a") as file:
                file.write(json.dumps(row) + "\n")

    in_parallel(todo, judge, options.jobs)
    rows = [dict(found[m.key], line=m.line) for m in chosen if m.key in found]
    (build.folder / "result.json").write_text(json.dumps(rows, indent=1) + "\n")
    return report(rows, survivors, build, time.monotonic() - start, len(rows) == len(mutants) - len(build.dropped))


if __name__ == "__main__":
    sys.exit(main())
