"""Runs the benchmark and every peer that was found, one after the other, and prints one table.

CPU nanoseconds an operation, resident bytes a task in the row `memory`. A blank means that the peer has nothing like it. All
figures of a table come from one run on one machine: compare them with one another, and with no other table.

Usage: compare.py BUILD [--repeat N] [--scale X] [--filter WORKLOAD] [--markdown]
BUILD is the folder that holds the program `bench` and the folder `peers` with those of its peers.
"""
# SPDX-License-Identifier: MIT
import argparse
import json
import pathlib
import platform
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
PYTHON_CANDIDATES = ("/usr/bin/python3", sys.executable)  # the distribution's own has its packages


def lines_of(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(f"left out: {' '.join(map(str, command))}: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
        return []
    return done.stdout.splitlines()


def peers(build):
    """(name, command) of everything that can be run."""
    found = [("eddy", [build / "bench", "--json"])]
    for program in ("asio_peer", "libuv_peer"):
        path = build / "peers" / program
        if path.exists():
            found.append((lines_of([path, "--version"])[0], [path]))
    script = HERE / "peers" / "asyncio_peer.py"
    for flags in ([], ["--uvloop"]):
        for python in PYTHON_CANDIDATES:
            if pathlib.Path(python).exists():
                version = subprocess.run([python, script, *flags, "--version"], capture_output=True, text=True, check=False)
                if version.returncode == 0:
                    found.append((version.stdout.strip(), [python, "-B", script, *flags]))
                    break
    return found


def shown(value):
    return "" if value is None else f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--repeat", default="5")
    parser.add_argument("--scale", default="1")
    parser.add_argument("--filter")
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    arguments = ["--repeat", options.repeat, "--scale", options.scale]
    if options.filter:
        arguments += ["--filter", options.filter]
    rows, names = {}, ["floor"]
    for name, command in peers(options.build):
        names.append(name)
        for line in lines_of([*command, *arguments]):
            entry = json.loads(line)
            if options.filter and entry["workload"] != options.filter:
                continue
            row = rows.setdefault(entry["workload"], {})
            row[name] = entry["bytes"] if entry.get("bytes") is not None else entry.get("ns")
            if entry.get("floor_ns") is not None:
                row["floor"] = entry["floor_ns"]
    rows = {workload: row for workload, row in rows.items() if len([name for name in row if name != "floor"]) > 1}
    print(f"{platform.machine()}, {platform.system()} {platform.release()}\n")
    if options.markdown:
        print("| work | " + " | ".join(names) + " |\n|---|" + "---:|" * len(names))
        for workload, row in rows.items():
            print(f"| {workload} | " + " | ".join(shown(row.get(name)) for name in names) + " |")
        return
    print(f"{'work':18}" + "".join(f"{name:>18}" for name in names))
    for workload, row in rows.items():
        print(f"{workload:18}" + "".join(f"{shown(row.get(name)):>18}" for name in names))


if __name__ == "__main__":
    main()
