# Python: 3.11
# A cancel of a task that is in a gather reaches all its children in order; the task is left after the last of them.
import asyncio

import virtual_loop


async def child(name, delay):
    print("start", name)
    try:
        await asyncio.sleep(delay)
        print("done", name)
    finally:
        print("left", name)


async def worker():
    try:
        await asyncio.gather(child("a", 5), child("b", 1), child("c", 4))
    finally:
        print("left worker")


async def main():
    task = asyncio.create_task(worker())
    await asyncio.sleep(2)
    print("cancel:", task.cancel())
    print("done:", task.done())
    try:
        await task
    except asyncio.CancelledError:
        print("worker was cancelled")
    print("cancel again:", task.cancel())


virtual_loop.run(main())
