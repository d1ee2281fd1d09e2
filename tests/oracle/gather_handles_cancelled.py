# Python: 3.11
# A cancel of a task that gathers running tasks cancels these, too, and whoever else awaits one of them sees it.
import asyncio

import virtual_loop


async def child(name, delay):
    try:
        await asyncio.sleep(delay)
        print("done", name)
    finally:
        print("left", name)


async def worker(tasks):
    try:
        await asyncio.gather(*tasks)
    finally:
        print("left worker")


async def onlooker(task):
    try:
        await task
    except asyncio.CancelledError:
        print("onlooker: it was cancelled")
    await asyncio.sleep(1)
    print("onlooker goes on")


async def main():
    tasks = [asyncio.create_task(child(name, delay)) for name, delay in (("a", 5), ("b", 1), ("c", 4))]
    looking = asyncio.create_task(onlooker(tasks[2]))
    working = asyncio.create_task(worker(tasks))
    await asyncio.sleep(2)
    print("cancel")
    working.cancel()
    await asyncio.wait([working])
    print("cancelled:", working.cancelled(), *(task.cancelled() for task in tasks))
    await looking


virtual_loop.run(main())
