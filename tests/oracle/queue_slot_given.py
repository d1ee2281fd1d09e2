# Python: 3.11
# Designed difference: a slot that becomes free takes the oldest putter's item at once, before that putter runs again.
import asyncio

import virtual_loop


async def producer(queue):
    for item in range(5):
        await queue.put(item)
        print("put", item)


async def consumer(queue):
    for _ in range(5):
        print("got", await queue.get(), "left:", queue.qsize())


async def main():
    queue = asyncio.Queue(2)
    await asyncio.gather(asyncio.create_task(producer(queue)), asyncio.create_task(consumer(queue)))


virtual_loop.run(main())
