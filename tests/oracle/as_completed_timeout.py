# Python: 3.11
# When the time of as_completed is up it throws, after what had ended was given; the tasks run on.
import asyncio

import virtual_loop


async def worker(name, delay):
    try:
        await asyncio.sleep(delay)
        print("end", name)
        return name
    finally:
        print("left", name)


async def main():
    tasks = [asyncio.create_task(worker(name, delay)) for name, delay in (("a", 5), ("b", 1), ("c", 9), ("d", 2))]
    try:
        for earliest in asyncio.as_completed(tasks, timeout=4):
            print("got", await earliest)
    except TimeoutError:
        print("the time is up")
    print("done:", *(task.done() for task in tasks))
    print("later:", await tasks[0])
    asyncio.get_running_loop().call_later(1, tasks[2].cancel)
    for earliest in asyncio.as_completed(tasks[2:3]):
        try:
            print("got", await earliest)
        except asyncio.CancelledError:
            print("c was cancelled")


virtual_loop.run(main())
