"""Compares echo servers: 64 bytes there and back on loopback, over 1, 64 and 512 connections that stay open.

For each number of connections the servers are run in turn, nine times over, each in a process of its own: the pairs of the
raw epoll server and another one are neighbours in time. Shown are the median round trips a second, their ratio to the raw
server's in the same turn with its spread (the second lowest to the second highest of nine), the server's user and system
time a round trip, and its system calls a round trip as `strace -c` counts them in a run of its own.

Usage: echo.py BUILD [--turns N] [--round-trips N] [--connections N,...] [--markdown] [--check]
BUILD is the folder with the programs. --check: one short run of eddy's server and the raw one; fails if a round trip takes
eddy more than 2.05 system calls over 64 connections.
"""
# SPDX-License-Identifier: MIT
import argparse
import os
import pathlib
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile

SERVERS = ("raw", "eddy", "libuv", "asio")
MOST_SYSTEM_CALLS = 2.05


def run(build, server, connections, round_trips, traced=False):
    """(seconds, user, system) of one run, the latter two of the server; its system calls by name if it is traced."""
    with tempfile.NamedTemporaryFile("r") as counts:
        command = [build / f"{server}_echo_server"]
        if traced:
            command = ["strace", "-f", "-c", "-o", counts.name, *command]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            port = process.stdout.readline().strip()
            client = subprocess.Popen([build / "echo_client", port, str(connections), str(round_trips)],
                                      stdout=subprocess.PIPE, text=True)
            taken = client.stdout.read()
            _, status, of_client = os.wait4(client.pid, 0)
            client.returncode = status
            if status != 0 or process.wait(timeout=60) != 0:
                sys.exit(f"{server}: the client ended with {status}, the server with {process.returncode}")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        user = after.ru_utime - before.ru_utime - of_client.ru_utime
        system = after.ru_stime - before.ru_stime - of_client.ru_stime
        calls = {}
        for line in counts:
            if match := re.match(r"\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$", line):
                if match[2] != "total":
                    calls[match[2]] = int(match[1])
        return float(taken), user, system, calls


def calls_a_round_trip(build, server, connections, round_trips):
    """What more round trips cost, so that starting and connecting do not count."""
    few = run(build, server, connections, round_trips, traced=True)[3]
    many = run(build, server, connections, 3 * round_trips, traced=True)[3]
    return {name: (count - few.get(name, 0)) / (2 * round_trips) for name, count in many.items()}


def spread(values):
    ordered = sorted(values)
    return (ordered[1], ordered[-2]) if len(ordered) > 3 else (ordered[0], ordered[-1])


def compare(build, connections, turns, round_trips, markdown):
    servers = [name for name in SERVERS if (build / f"{name}_echo_server").exists()]
    rows = {name: [] for name in servers}
    for _ in range(turns):
        for name in servers:
            rows[name].append(run(build, name, connections, round_trips))
    traced = shutil.which("strace") is not None
    print(f"\n{connections} connections, {turns} turns of {round_trips} round trips\n")
    head = ("server", "round trips a second", "of raw", "spread", "user µs", "system µs", "system calls")
    form = "| {} |" if markdown else "{}"
    join = " | " if markdown else "  "
    print(form.format(join.join(head)))
    if markdown:
        print("|" + "---|" * len(head))
    for name in servers:
        speed = statistics.median(round_trips / row[0] for row in rows[name])
        ratios = [raw[0] / row[0] for raw, row in zip(rows["raw"], rows[name])]
        low, high = spread(ratios)
        user, system = (statistics.median(row[i] for row in rows[name]) / round_trips * 1e6 for i in (1, 2))
        calls = calls_a_round_trip(build, name, connections, round_trips // 10) if traced else {}
        print(form.format(join.join((
            name, f"{speed:,.0f}", f"{statistics.median(ratios):.2f}", f"{low:.2f} to {high:.2f}", f"{user:.2f}",
            f"{system:.2f}", f"{sum(calls.values()):.2f}" if calls else "?"))))


def check(build):
    if subprocess.run(["strace", "-o", os.devnull, "true"], capture_output=True, check=False).returncode != 0:
        print("skipped: this machine lets nobody trace")
        sys.exit(77)
    calls = calls_a_round_trip(build, "eddy", 64, 2000)
    total = sum(calls.values())
    print(f"{total:.3f} system calls a round trip: " + ", ".join(f"{name} {count:.3f}" for name, count in calls.items() if count > 0.001))
    if not calls or total > MOST_SYSTEM_CALLS:
        sys.exit(f"allowed are {MOST_SYSTEM_CALLS}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("--round-trips", type=int, default=100_000)
    parser.add_argument("--connections", default="1,64,512")
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    build = args.build.resolve()
    if args.check:
        check(build)
        return
    for connections in map(int, args.connections.split(",")):
        compare(build, connections, args.turns, args.round_trips, args.markdown)


if __name__ == "__main__":
    main()
