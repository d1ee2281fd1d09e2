# Python: 3.11
# A cancel of the task around a group: body and tasks are left first, the task after the last cleanup.
import asyncio

import virtual_loop


async def child(name, delay):
    print("start", name)
    try:
        await asyncio.sleep(delay)
        print("done", name)
    finally:
        print("left", name)


async def careful(name, delay):
    print("start", name)
    try:
        await asyncio.sleep(delay)
    finally:
        await asyncio.sleep(2)
        print("cleaned up", name)


async def worker():
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(child("a", 5))
            group.create_task(careful("b", 5))
            group.create_task(child("c", 1))
            try:
                await asyncio.sleep(4)
                print("body ends")
            finally:
                print("left body")
    finally:
        print("left worker")


async def main():
    task = asyncio.create_task(worker())
    await asyncio.sleep(2)
    print("cancel")
    task.cancel()
    await asyncio.sleep(1)
    print("done:", task.done())
    try:
        await task
    except asyncio.CancelledError:
        print("worker was cancelled")


virtual_loop.run(main())
