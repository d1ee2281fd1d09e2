# Python: 3.11
# A LIFO queue gives the newest item, a priority queue the smallest, at the time at which the getter asks.
import asyncio

import virtual_loop


async def producer(name, queue):
    for item in (2, 5, 1, 4):
        await queue.put(item)
        print(name, "put", item)
        await asyncio.sleep(0)


async def consumer(name, queue):
    await asyncio.sleep(0)
    for _ in range(4):
        print(name, "got", await queue.get())
        await asyncio.sleep(1)


async def main():
    lifo = asyncio.LifoQueue()
    priority = asyncio.PriorityQueue()
    await asyncio.gather(
        asyncio.create_task(producer("lifo", lifo)),
        asyncio.create_task(consumer("lifo", lifo)),
        asyncio.create_task(producer("priority", priority)),
        asyncio.create_task(consumer("priority", priority)),
    )


virtual_loop.run(main())
