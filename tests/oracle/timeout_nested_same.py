# Python: 3.11
# Of two nested timeouts that expire at one moment the outer one raises.
import asyncio

import virtual_loop


async def work(name):
    try:
        print(name, "starts")
        await asyncio.sleep(9)
    finally:
        print(name, "ends")


async def inner():
    try:
        async with asyncio.timeout(2):
            await work("the first")
    except TimeoutError:
        print("the inner one timed out")
    await work("the second")


async def main():
    for limit in (2, 3):
        try:
            async with asyncio.timeout(limit):
                await inner()
        except TimeoutError:
            print("the outer one timed out")
    print("cancelling:", asyncio.current_task().cancelling())
    await asyncio.sleep(1)
    print("main ends")


virtual_loop.run(main())
