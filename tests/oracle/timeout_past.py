# Python: 3.11
# A deadline that has passed lets the work run up to its first wait that blocks, and no further.
import asyncio

import virtual_loop


async def work(queue):
    try:
        print("work starts")
        print("got", await queue.get())
        print("got", await queue.get())
        print("got", await queue.get())
    finally:
        print("work ends")


async def main():
    queue = asyncio.Queue()
    for item in range(2):
        queue.put_nowait(item)
    await asyncio.sleep(5)
    now = asyncio.get_running_loop().time()
    try:
        async with asyncio.timeout_at(now - 1):
            await work(queue)
    except TimeoutError:
        print("timed out")
    queue.put_nowait(2)
    queue.put_nowait(3)
    queue.put_nowait(4)
    async with asyncio.timeout_at(now - 1):
        await work(queue)
    print("in time, since it did not wait")


virtual_loop.run(main())
