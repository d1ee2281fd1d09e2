# Python: 3.11
# With return_exceptions a failure and a cancel are results like any other, and nobody is stopped by them.
import asyncio

import virtual_loop


async def child(name, delay, fails=False):
    print("start", name)
    try:
        await asyncio.sleep(delay)
        if fails:
            raise ValueError(name + " failed")
        return "value of " + name
    finally:
        print("left", name)


async def cancel(task, delay):
    await asyncio.sleep(delay)
    print("cancel c")
    task.cancel()
    return "value of cancel"


def describe(result):
    if isinstance(result, asyncio.CancelledError):
        return "cancelled"
    if isinstance(result, Exception):
        return "error: " + str(result)
    return result


async def main():
    task = asyncio.create_task(child("c", 9))
    await asyncio.sleep(0)
    results = await asyncio.gather(
        child("a", 4), child("b", 1, True), task, cancel(task, 2), child("e", 3, True), return_exceptions=True
    )
    for result in results:
        print(describe(result))


virtual_loop.run(main())
