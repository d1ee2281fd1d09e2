# Python: 3.11
# A putter that is cancelled while it waits leaves nothing in the queue; those behind it keep their order.
import asyncio

import virtual_loop


async def putter(item, queue):
    try:
        await queue.put(item)
        print("put", item)
    finally:
        print("putter", item, "leaves")


async def main():
    queue = asyncio.Queue(1)
    tasks = [asyncio.create_task(putter(item, queue)) for item in range(4)]
    await asyncio.sleep(1)
    print("cancel 1:", tasks[1].cancel())
    await asyncio.sleep(1)
    while not queue.empty():
        print("got", queue.get_nowait(), "of", queue.maxsize)
        await asyncio.sleep(1)
    await asyncio.gather(*tasks, return_exceptions=True)
    print("cancelled:", *(task.cancelled() for task in tasks))


virtual_loop.run(main())
