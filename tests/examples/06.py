"""A producer and three consumers at the two ends of a bounded queue; None ends each consumer."""
# SPDX-License-Identifier: MIT
import asyncio


async def producer(queue, items):
    for item in items:
        await queue.put(item)
        print(f"Produced: {item}")
    for _ in range(3):
        await queue.put(None)


async def consumer(name, queue):
    while True:
        item = await queue.get()
        if item is None:
            print(f"{name}: No more items")
            queue.task_done()
            break

        await asyncio.sleep(0.1)
        print(f"{name}: Consumed {item}")
        queue.task_done()


async def main():
    queue = asyncio.Queue(maxsize=10)
    consumers = [asyncio.create_task(consumer(f"Worker-{i}", queue)) for i in range(3)]
    await producer(queue, range(15))
    await queue.join()
    await asyncio.gather(*consumers)


asyncio.run(main())
