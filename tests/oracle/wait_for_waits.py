# Python: 3.11
# wait_for cancels the work when the time is up, and waits until its cleanup is done, however long that takes.
import asyncio

import virtual_loop


async def work(name, delay):
    try:
        await asyncio.sleep(delay)
        print(name, "is done")
        return name
    finally:
        print(name, "cleans up")
        await asyncio.sleep(2)
        print(name, "has cleaned up")


async def ticker():
    for second in range(1, 8):
        await asyncio.sleep(1)
        print(second)


async def main():
    ticks = asyncio.create_task(ticker())
    await asyncio.sleep(0.5)
    try:
        await asyncio.wait_for(work("a", 9), 1)
    except TimeoutError:
        print("a timed out")
    print("result", await asyncio.wait_for(work("b", 1), 9))
    await ticks


virtual_loop.run(main())
