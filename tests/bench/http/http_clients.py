"""Compares HTTP clients: 10,000 GETs of a small answer from nginx on loopback, so many at once, over connections that are kept.

For each number of requests at once the clients are run in turn, nine times over, each in a process of its own: the pairs of
plain libcurl and another one are neighbours in time. Shown are the median requests a second, their ratio to those of plain
libcurl in the same turn with its spread (the second lowest to the second highest of nine), the requests a second in the
fastest turn and their ratio, which say more where other programs run, the ratio of the client's CPU time, and its user and
system time a request. nginx is one process and needs some 10 µs a request: where a client takes less than that, it is nginx
that is measured.

Usage: http_clients.py BUILD [--turns N] [--requests N] [--at-once N,...] [--markdown] [--check]
BUILD is the folder with the programs. --check: fewer turns with 64 at once; fails if eddy reaches less than LEAST_OF_CURL of
plain libcurl's requests a second, in the median and by CPU time, or less than LEAST_OF_AIOHTTP times those of aiohttp.
"""
# SPDX-License-Identifier: MIT
import argparse
import os
import pathlib
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "http" / "servers"))
from nginx import Nginx  # noqa: E402

PYTHON = "/usr/bin/python3"  # the one that has Debian's python3-aiohttp
LEAST_OF_CURL = 0.9
LEAST_OF_AIOHTTP = 3.0


def commands(build):
    """The clients that there are, plain libcurl first."""
    found = {"libcurl": [build / "curl_http_client"], "eddy": [build / "eddy_http_client"]}
    aiohttp = subprocess.run([PYTHON, "-c", "import aiohttp"], capture_output=True, check=False)
    if aiohttp.returncode == 0:
        found["aiohttp"] = [PYTHON, "-B", HERE / "aiohttp_client.py"]
    return found


def run(command, url, at_once, requests):
    """(seconds by the clock, user, system) of one run. The time to start is left out of the first, not of the others."""
    client = subprocess.Popen([*command, url, str(at_once), str(requests)], stdout=subprocess.PIPE, text=True)
    taken = client.stdout.read()
    _, status, usage = os.wait4(client.pid, 0)
    client.returncode = status
    if status != 0:
        sys.exit(f"{command[-1]} has ended with {status}")
    return float(taken), usage.ru_utime, usage.ru_stime


def measure(clients, at_once, turns, requests):
    """For each client its runs, without what its start takes."""
    rows = {name: [] for name in clients}
    with Nginx(tls=False) as nginx:
        url = f"http://127.0.0.1:{nginx.plain}/hello"
        starts = {name: run(command, url, at_once, at_once) for name, command in clients.items()}
        for _ in range(turns):
            for name, command in clients.items():
                clock, user, system = run(command, url, at_once, requests)
                rows[name].append((clock, max(user - starts[name][1], 1e-6), max(system - starts[name][2], 1e-6)))
    return rows


def spread(values):
    ordered = sorted(values)
    return (ordered[1], ordered[-2]) if len(ordered) > 3 else (ordered[0], ordered[-1])


def ratios(rows, name, time):
    """In each turn, how many times the requests of plain libcurl this client makes in the same time."""
    return [time(plain) / time(row) for plain, row in zip(rows["libcurl"], rows[name])]


def clock_of(row):
    return row[0]


def cpu_of(row):
    return row[1] + row[2]


def show(rows, at_once, turns, requests, markdown):
    print(f"\n{at_once} at once, {turns} turns of {requests} requests\n")
    head = ("client", "requests a second", "of libcurl", "spread", "fastest turn", "of libcurl", "by CPU time", "spread",
            "user µs", "system µs")
    fastest = {name: requests / min(map(clock_of, runs)) for name, runs in rows.items()}
    form = "| {} |" if markdown else "{}"
    join = " | " if markdown else "  "
    print(form.format(join.join(head)))
    if markdown:
        print("|---|" + "---:|" * (len(head) - 1))
    for name, runs in rows.items():
        cells = [name, f"{statistics.median(requests / row[0] for row in runs):,.0f}"]
        for time in (clock_of, cpu_of):
            values = ratios(rows, name, time)
            cells += [f"{statistics.median(values):.2f}", "{:.2f} to {:.2f}".format(*spread(values))]
            if time is clock_of:
                cells += [f"{fastest[name]:,.0f}", f"{fastest[name] / fastest['libcurl']:.2f}"]
        cells += [f"{statistics.median(row[i] for row in runs) / requests * 1e6:.1f}" for i in (1, 2)]
        print(form.format(join.join(cells)))


def check(clients):
    rows = measure(clients, 64, 5, 5000)
    show(rows, 64, 5, 5000, False)
    wrong = []
    for time, what in ((clock_of, "requests a second"), (cpu_of, "requests a second of CPU time")):
        of_curl = statistics.median(ratios(rows, "eddy", time))
        if of_curl < LEAST_OF_CURL:
            wrong.append(f"{of_curl:.2f} of plain libcurl's {what}, {LEAST_OF_CURL} is needed")
        if "aiohttp" in rows:
            of_aiohttp = statistics.median(time(there) / time(here) for there, here in zip(rows["aiohttp"], rows["eddy"]))
            if of_aiohttp < LEAST_OF_AIOHTTP:
                wrong.append(f"{of_aiohttp:.2f} times aiohttp's {what}, {LEAST_OF_AIOHTTP} is needed")
    sys.exit("\n".join(wrong) or 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--at-once", default="1,8,64")
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    clients = commands(args.build.resolve())
    if args.check:
        check(clients)
    for at_once in map(int, args.at_once.split(",")):
        show(measure(clients, at_once, args.turns, args.requests), at_once, args.turns, args.requests, args.markdown)


if __name__ == "__main__":
    main()
