"""asyncio, or uvloop with --uvloop, at the benchmark's work. Prints the same lines as `bench --json`.

Usage: asyncio_peer.py [--uvloop] [--version] [--filter TEXT] [--repeat N] [--scale X]
"""
# SPDX-License-Identifier: MIT
import argparse
import asyncio
import json
import platform
import resource
import statistics
import sys
import time


async def trivial(value):
    return value


async def await_all(operations, _):
    for i in range(operations):
        await trivial(i)


async def descend(depth):
    return 1 + await descend(depth - 1) if depth else 0


async def await_deep(operations, width):
    for _ in range(operations // width):
        await descend(width)


async def spawn_join(operations, width):
    for _ in range(operations // width):
        await asyncio.gather(*(trivial(i) for i in range(width)))


async def yield_often(turns):
    for _ in range(turns):
        await asyncio.sleep(0)


async def yield_all(operations, width):
    await asyncio.gather(*(yield_often(operations // width) for _ in range(width)))


async def sleep_all(operations, width):
    for _ in range(operations // width):
        await asyncio.gather(*(asyncio.sleep(0.05 + i * 2_654_435_761 % 10_000 / 1e6) for i in range(width)))


async def timeout_unfired(operations, _):
    for i in range(operations):
        async with asyncio.timeout(3600):
            await trivial(i)


async def produce(queue, count):
    for i in range(count):
        await queue.put(i)


async def consume(queue, count):
    for _ in range(count):
        await queue.get()


async def pass_on(operations, pairs):
    queue = asyncio.Queue(64)
    await asyncio.gather(*(produce(queue, operations // pairs) for _ in range(pairs)),
                         *(consume(queue, operations // pairs) for _ in range(pairs)))


async def enter_often(semaphore, turns):
    for _ in range(turns):
        async with semaphore:
            await asyncio.sleep(0)


async def semaphore_all(operations, width):
    semaphore = asyncio.Semaphore(10)
    await asyncio.gather(*(enter_often(semaphore, operations // width) for _ in range(width)))


async def count_to(count):
    for i in range(count):
        yield i


async def increase(source):
    async for item in source:
        yield item + 1


async def generator(operations, _):
    async for _item in count_to(operations):
        pass


async def pipeline(operations, _):
    async for _item in increase(count_to(operations)):
        pass


async def cancel_all(operations, width):
    for _ in range(operations // width):
        tasks = [asyncio.create_task(asyncio.sleep(3600)) for _ in range(width)]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def raise_below(depth):
    if depth == 1:
        raise ValueError
    return await raise_below(depth - 1)


async def exceptions(operations, _):
    for _ in range(operations):
        try:
            await raise_below(10)
        except ValueError:
            pass


async def to_thread(operations, _):
    for _ in range(operations):
        await asyncio.to_thread(int)


def resident_bytes():
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


async def memory(width):
    before = resident_bytes()
    tasks = [asyncio.create_task(asyncio.sleep(86400)) for _ in range(width)]
    await asyncio.sleep(0)
    taken = (resident_bytes() - before) / width
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    return taken


WORK = {
    "await": (await_all, 500_000, 1),
    "await_deep": (await_deep, 300_000, 500),
    "spawn_join": (spawn_join, 100_000, 1000),
    "yield": (yield_all, 200_000, 1000),
    "sleep": (sleep_all, 100_000, 100_000),
    "timeout_unfired": (timeout_unfired, 50_000, 1),
    "queue_1_1": (lambda operations, _: pass_on(operations, 1), 200_000, 1),
    "queue_4_4": (lambda operations, _: pass_on(operations, 4), 200_000, 1),
    "semaphore": (semaphore_all, 50_000, 1000),
    "generator": (generator, 500_000, 1),
    "pipeline": (pipeline, 300_000, 1),
    "cancel": (cancel_all, 50_000, 1000),
    "exceptions": (exceptions, 20_000, 1),
    "to_thread": (to_thread, 5_000, 1),
}
SLEEPERS = 200_000  # a million would take gigabytes


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--uvloop", action="store_true")
    parser.add_argument("--version", action="store_true")
    parser.add_argument("--filter")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--scale", type=float, default=1)
    options = parser.parse_args()
    name, run = f"asyncio {platform.python_version()}", asyncio.run
    if options.uvloop:
        import uvloop  # only where it is asked for
        name = f"uvloop {uvloop.__version__}"
        uvloop.install()
    if options.version:
        print(name)
        return
    sys.setrecursionlimit(10_000)
    for row, (work, operations, width) in WORK.items():
        if options.filter and options.filter != row:
            continue
        count = max(int(operations * options.scale) // width, 1) * width
        times = []
        for index in range(options.repeat + 1):
            begin = time.process_time_ns()
            run(work(count, width))
            if index > 0:  # the first warms up
                times.append((time.process_time_ns() - begin) / count)
        print(json.dumps({"workload": row, "ns": round(statistics.median(times), 2)}), flush=True)
    if not options.filter or options.filter == "memory":
        print(json.dumps({"workload": "memory", "bytes": round(run(memory(SLEEPERS)), 1)}), flush=True)


if __name__ == "__main__":
    main()
