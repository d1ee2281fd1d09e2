# Python: 3.11
# Whoever is cancelled in wait leaves alone: the tasks run on, and another wait for them goes on.
import asyncio

import virtual_loop


async def worker(name, delay):
    try:
        await asyncio.sleep(delay)
        print("end", name)
    finally:
        print("left", name)


async def waiter(name, tasks):
    print(name, "waits")
    try:
        await asyncio.wait(tasks)
        print(name, "has waited")
    finally:
        print("left", name)


async def main():
    tasks = [asyncio.create_task(worker(name, delay)) for name, delay in (("a", 3), ("b", 1), ("c", 4))]
    one = asyncio.create_task(waiter("one", tasks))
    two = asyncio.create_task(waiter("two", tasks))
    await asyncio.sleep(2)
    print("cancel one")
    one.cancel()
    await asyncio.wait([one])
    print("one was cancelled:", one.cancelled(), "done:", *(task.done() for task in tasks))
    await two
    print("done:", *(task.done() for task in tasks))


virtual_loop.run(main())
