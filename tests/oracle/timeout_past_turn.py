# Python: 3.11
# Designed difference: work whose deadline has passed is stopped where it waits, before what was queued meanwhile.
import asyncio

import virtual_loop


async def work():
    try:
        print("work starts")
        await asyncio.sleep(9)
    finally:
        print("work ends")


async def main():
    loop = asyncio.get_running_loop()
    loop.call_soon(print, "callback 1")
    try:
        async with asyncio.timeout(0):
            loop.call_soon(print, "callback 2")
            await work()
    except TimeoutError:
        print("timed out")
    await asyncio.sleep(0)
    print("main ends")


virtual_loop.run(main())
