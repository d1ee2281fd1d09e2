# Python: 3.11
# join ends in the turn after the last task_done, not when the queue is empty; then the idle workers are cancelled.
import asyncio

import virtual_loop


async def worker(name, queue):
    try:
        while True:
            item = await queue.get()
            print(name, "takes", item)
            await asyncio.sleep(item)
            queue.task_done()
            print(name, "has done", item)
    finally:
        print(name, "ends")


async def main():
    queue = asyncio.Queue()
    for item in (3, 1, 1, 2):
        await queue.put(item)
    a = asyncio.create_task(worker("a", queue))
    b = asyncio.create_task(worker("b", queue))
    await queue.join()
    print("joined")
    try:
        queue.task_done()
    except ValueError:
        print("too often")
    await queue.join()
    print("joined at once")
    a.cancel()
    b.cancel()
    await asyncio.gather(a, b, return_exceptions=True)


virtual_loop.run(main())
