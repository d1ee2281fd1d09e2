# Python: 3.11
# Designed difference: a task's own cancellation is no exception; handlers do not see it, destructors run all the same.
import asyncio

import virtual_loop


async def inner():
    try:
        print("inner waits")
        await asyncio.sleep(9)
    except asyncio.CancelledError:
        print("inner caught its cancellation")
        raise
    finally:
        print("inner cleans up")


async def outer():
    try:
        await inner()
    except BaseException:
        print("outer caught something, and swallows it")
    finally:
        print("outer cleans up")
    print("outer goes on")


async def watcher(task):
    try:
        await task
        print("the task has ended as if nothing had happened")
    except asyncio.CancelledError:
        print("the task was cancelled")


async def main():
    task = asyncio.create_task(outer())
    watching = asyncio.create_task(watcher(task))
    await asyncio.sleep(1)
    print("cancel:", task.cancel())
    await watching
    print("cancelled:", task.cancelled())


virtual_loop.run(main())
