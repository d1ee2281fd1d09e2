"""Counts the instructions that one operation of a workload takes, and compares them with a budget.

Each workload runs twice under callgrind, with N and with 2N operations; the difference, divided by N, is free of start-up
and nearly free of noise, so that it can be asserted where times cannot. Allocations an operation come from the benchmark
itself. budgets.txt holds a line for each workload: its name, instructions, allocations. More than SLACK above a budget
fails; more than twice SLACK below asks for the budget to be lowered.

Usage:
  instructions.py BENCH [WORKLOAD…]            a table of these (or of all that can be counted) against the budgets
  instructions.py BENCH --floors [WORKLOAD…]   the floors' instructions beside them
  instructions.py BENCH --write                writes budgets.txt anew from what is measured
  instructions.py BENCH --misses [WORKLOAD…]   instructions and cache misses an operation at 10^3 to 10^6 tasks, by cachegrind
  instructions.py BENCH --profile WORKLOAD [--floor] [--lines N]   where they go, by source line and by function
"""
# SPDX-License-Identifier: MIT
import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

BUDGETS = pathlib.Path(__file__).with_name("budgets.txt")
SLACK = 0.02  # another compiler of the same major version, another libstdc++
SECOND_LEVEL = "2097152,16,64"  # bytes, ways, bytes a line: a usual L2; what misses there is slow, whatever comes behind
EXACT = 2  # instructions that never matter, whatever the part
HEADER = """# workload, instructions an operation, allocations an operation: g++ 12, -O2 -DNDEBUG, x86-64.
# instructions.py fails when one is exceeded by more than 2 % and 2 instructions; `instructions.py BENCH --write` writes it.
"""


def workloads(bench):
    """The workloads that can be counted, by name."""
    lines = subprocess.run([bench, "--list", "--json"], check=True, capture_output=True, text=True).stdout.splitlines()
    found = [json.loads(line) for line in lines]
    return {entry["workload"]: entry for entry in found if entry["counted"] > 0}


def callgrind(bench, name, size, floor, keep=None, lines=False):
    """The instructions of one run; with `keep` the profile is left there."""
    with tempfile.TemporaryDirectory() as folder:
        out = keep or os.path.join(folder, "out")
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", "--compress-strings=no", "--compress-pos=no",
                   f"--dump-line={'yes' if lines else 'no'}", bench, "--one", name, "--size", str(size)]
        done = subprocess.run(command + (["--floor"] if floor else []), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")
        for line in pathlib.Path(out).read_text(encoding="utf-8").splitlines():
            if line.startswith(("totals:", "summary:")):
                return int(line.split()[1])
    sys.exit(f"{name}: callgrind gave no total")


def cachegrind(bench, name, size, width):
    """Instructions, data misses of the first and of the second level of one run, in valgrind's model of a machine."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out")
        command = ["valgrind", "--tool=cachegrind", "--cache-sim=yes", f"--LL={SECOND_LEVEL}", f"--cachegrind-out-file={out}", bench,
                   "--one", name, "--size", str(size), "--width", str(width)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")
        lines = pathlib.Path(out).read_text(encoding="utf-8").splitlines()
    events = next(line for line in lines if line.startswith("events:")).split()[1:]
    counts = dict(zip(events, map(int, next(line for line in lines if line.startswith("summary:")).split()[1:])))
    return counts["Ir"], counts["D1mr"] + counts["D1mw"], counts["DLmr"] + counts["DLmw"]


def misses(bench, chosen):
    """Prints what an operation costs with ever more tasks."""
    print(f"{'workload':22}{'tasks':>10}{'instructions':>13}{'L1 misses':>11}{'L2 misses':>11}")
    for name in chosen or [name for name, entry in workloads(bench).items() if entry["width"] > 1]:
        for width in (1_000, 10_000, 100_000, 1_000_000):
            once, twice = (cachegrind(bench, name, times * width, width) for times in (1, 2))
            ran, first, last = ((b - a) / width for a, b in zip(once, twice))
            print(f"{name:22}{width:10}{ran:13.1f}{first:11.2f}{last:11.2f}", flush=True)


def instructions(bench, entry, floor=False):
    """Instructions an operation."""
    size = max(entry["counted"], entry["width"])
    small, large = (callgrind(bench, entry["workload"], part, floor) for part in (size, 2 * size))
    return (large - small) / size


def allocations(bench, names):
    """Allocations an operation in steady state, by name."""
    common = os.path.commonprefix(names) if len(names) > 1 else names[0]
    command = [bench, "--filter", common, "--json", "--repeat", "1", "--scale", "0.02"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return {entry["workload"]: entry["allocations"] for entry in map(json.loads, lines)}


def read_budgets():
    budgets = {}
    if BUDGETS.exists():
        for line in BUDGETS.read_text(encoding="utf-8").splitlines():
            if line and not line.startswith("#"):
                name, count, allocated = line.split()
                budgets[name] = float(count), float(allocated)
    return budgets


def compare(bench, chosen, with_floors, write):
    """Prints the table; returns the number of budgets that are exceeded."""
    known = workloads(bench)
    unknown = [name for name in chosen if name not in known]
    if unknown:
        sys.exit(f"these cannot be counted: {', '.join(unknown)}")
    entries = [entry for name, entry in known.items() if not chosen or name in chosen]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        counted = pool.map(lambda entry: instructions(bench, entry), entries)
        floors = pool.map(lambda entry: instructions(bench, entry, True) if with_floors and entry["has_floor"] else None, entries)
        allocated = allocations(bench, [entry["workload"] for entry in entries])
        results = [(entry["workload"], count, floor, allocated[entry["workload"]])
                   for entry, count, floor in zip(entries, counted, floors)]
    budgets = {} if write else read_budgets()
    print(f"{'workload':22}{'instructions':>13}{'budget':>9}{'floor':>9}{'allocations':>13}{'budget':>9}")
    failed = 0
    for name, count, floor, allocated in results:
        budget, allowed = budgets.get(name, (None, None))
        verdict = ""
        if budget is not None:
            if count > budget * (1 + SLACK) + EXACT:
                verdict = "MORE INSTRUCTIONS THAN ALLOWED"
            elif allocated > allowed + 0.001:
                verdict = "MORE ALLOCATIONS THAN ALLOWED"
            elif count < budget * (1 - 2 * SLACK) - EXACT:
                verdict = "less than its budget: lower it"
            failed += verdict.isupper()
        elif not write:
            verdict = "no budget"
        print(f"{name:22}{count:13.1f}{f'{budget:9.1f}' if budget is not None else ' ' * 9}"
              f"{f'{floor:9.1f}' if floor is not None else ' ' * 9}{allocated:13.4f}"
              f"{f'{allowed:9.4f}' if allowed is not None else ' ' * 9}  {verdict}")
    if write:
        BUDGETS.write_text(HEADER + "".join(f"{name:22}{count:10.1f}{allocated:10.4f}\n" for name, count, _, allocated in results),
                           encoding="utf-8")
    return failed


def self_costs(path):
    """(file, line) and function -> instructions, from a callgrind profile without compression."""
    lines, functions = collections.Counter(), collections.Counter()
    file, function, skip = "?", "?", False
    for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines():
        if match := re.match(r"(fl|fi|fe)=(.*)", line):
            file = match[2]
        elif line.startswith("fn="):
            function = line[3:]
        elif line.startswith("calls="):
            skip = True  # the next line is the callee's cost
        elif match := re.match(r"(\d+) (\d+)$", line):
            if not skip:
                lines[file, int(match[1])] += int(match[2])
                functions[function] += int(match[2])
            skip = False
    return lines, functions


def profile(bench, name, floor, shown):
    """Prints instructions an operation by source line and by function."""
    entry = workloads(bench)[name]
    size = max(entry["counted"], entry["width"])
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for part in (size, 2 * size):
            paths.append(os.path.join(folder, str(part)))
            callgrind(bench, name, part, floor, keep=paths[-1], lines=True)
        small, large = (self_costs(path) for path in paths)
    sources = {}
    for index, title in enumerate(("source lines", "functions")):
        counts = {key: (large[index][key] - small[index].get(key, 0)) / size for key in large[index]}
        print(f"{name}{' (floor)' if floor else ''}: {sum(counts.values()):.1f} instructions an operation, by {title}")
        for key, count in sorted(counts.items(), key=lambda item: -item[1])[:shown]:
            if count < 0.05:
                break
            if index == 1:
                print(f"{count:8.1f}  {key[:150]}")
                continue
            path, number = key
            if path not in sources:
                there = os.path.exists(path)
                sources[path] = pathlib.Path(path).read_text(encoding="utf-8").splitlines() if there else []
            text = sources[path][number - 1].strip() if 0 < number <= len(sources[path]) else ""
            print(f"{count:8.1f}  {'/'.join(path.split('/')[-2:])}:{number}  {text[:110]}")
        print()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench")
    parser.add_argument("workloads", nargs="*")
    parser.add_argument("--floors", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--misses", action="store_true")
    parser.add_argument("--profile", metavar="WORKLOAD")
    parser.add_argument("--floor", action="store_true")
    parser.add_argument("--lines", type=int, default=60)
    options = parser.parse_intermixed_args()
    if options.misses:
        misses(options.bench, options.workloads)
        return 0
    if options.profile:
        profile(options.bench, options.profile, options.floor, options.lines)
        return 0
    return 1 if compare(options.bench, options.workloads, options.floors, options.write) else 0


if __name__ == "__main__":
    sys.exit(main())
