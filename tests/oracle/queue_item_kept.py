# Python: 3.11
# Designed difference: a getter that is cancelled after it was woken keeps its item; asyncio wakes the next getter.
import asyncio

import virtual_loop


async def getter(name, queue):
    try:
        print(name, "got", await queue.get())
        await asyncio.sleep(0)
        print(name, "goes on")
    finally:
        print(name, "ends")


async def main():
    queue = asyncio.Queue()
    a = asyncio.create_task(getter("a", queue))
    b = asyncio.create_task(getter("b", queue))
    await asyncio.sleep(0)
    queue.put_nowait(1)
    a.cancel()
    print("put 1, and cancelled a")
    await asyncio.wait([a])
    print("a is cancelled:", a.cancelled())
    queue.put_nowait(2)
    print("put 2")
    await b
    print("left:", queue.qsize())


virtual_loop.run(main())
