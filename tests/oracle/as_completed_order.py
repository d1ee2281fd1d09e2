# Python: 3.11
# as_completed gives the tasks as they end; an error comes at its place, and a slow consumer misses none.
import asyncio

import virtual_loop


async def worker(name, delay, fails=False):
    print("start", name)
    await asyncio.sleep(delay)
    print("end", name)
    if fails:
        raise ValueError(name + " failed")
    return name


async def main():
    tasks = [
        asyncio.create_task(worker("a", 6)),
        asyncio.create_task(worker("b", 2)),
        asyncio.create_task(worker("c", 1)),
        asyncio.create_task(worker("d", 3, True)),
        asyncio.create_task(worker("e", 4)),
    ]
    for earliest in asyncio.as_completed(tasks):
        try:
            print("got", await earliest)
        except ValueError as error:
            print("error:", error)
        else:
            await asyncio.sleep(1.5)
    print("that was all")


virtual_loop.run(main())
