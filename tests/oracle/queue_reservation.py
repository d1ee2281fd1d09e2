# Python: 3.11
# Designed difference: an item is reserved for the getter that it woke, so get_nowait cannot take it.
import asyncio

import virtual_loop


async def getter(name, queue):
    print(name, "asks")
    print(name, "got", await queue.get())


async def main():
    queue = asyncio.Queue()
    a = asyncio.create_task(getter("a", queue))
    b = asyncio.create_task(getter("b", queue))
    await asyncio.sleep(0)
    queue.put_nowait(1)
    print("put 1, which wakes a")
    try:
        print("main got", queue.get_nowait())
    except asyncio.QueueEmpty:
        print("main got nothing")
    await asyncio.sleep(0)
    queue.put_nowait(2)
    print("put 2")
    await asyncio.sleep(0)
    queue.put_nowait(3)
    print("put 3")
    await asyncio.gather(a, b)
    print("left:", queue.qsize())


virtual_loop.run(main())
