# Python: 3.11
# A timeout that expires ends the work inside, innermost first, and only then raises; one that does not costs nothing.
import asyncio

import virtual_loop


async def inner(delay):
    try:
        print("inner waits", delay)
        await asyncio.sleep(delay)
        print("inner is done")
        return delay
    finally:
        print("inner ends")


async def outer(delay):
    try:
        return await inner(delay)
    finally:
        print("outer ends")


async def main():
    for delay in (1, 3):
        try:
            async with asyncio.timeout(2):
                print("result", await outer(delay))
        except TimeoutError:
            print("timed out")
    async with asyncio.timeout(None):
        print("result", await outer(5))
    print("cancelling:", asyncio.current_task().cancelling())


virtual_loop.run(main())
