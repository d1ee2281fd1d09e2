# Python: 3.11
# A bounded queue stops a fast producer; two producers get their places in the order in which they asked.
import asyncio

import virtual_loop


async def producer(name, queue):
    for number in range(3):
        await queue.put(f"{name}{number}")
        print(name, "has put", number)
    print(name, "ends")


async def consumer(queue):
    for _ in range(6):
        await asyncio.sleep(1)
        print("got", await queue.get())


async def main():
    queue = asyncio.Queue(2)
    await asyncio.gather(
        asyncio.create_task(producer("a", queue)),
        asyncio.create_task(producer("b", queue)),
        asyncio.create_task(consumer(queue)),
    )
    print("left:", queue.qsize())


virtual_loop.run(main())
