# Python: 3.11
# Designed difference: a putter that is cancelled after a slot was given to it has put its item; asyncio drops it.
import asyncio

import virtual_loop


async def putter(item, queue):
    try:
        await queue.put(item)
        print("put", item)
        await asyncio.sleep(1)
        print("the putter of", item, "goes on")
    finally:
        print("the putter of", item, "ends")


async def main():
    queue = asyncio.Queue(1)
    queue.put_nowait(0)
    a = asyncio.create_task(putter(1, queue))
    b = asyncio.create_task(putter(2, queue))
    await asyncio.sleep(0)
    print("got", queue.get_nowait())
    a.cancel()
    print("cancelled the putter of 1")
    await asyncio.wait([a])
    print("cancelled:", a.cancelled())
    print("got", await queue.get())
    await b
    print("left:", queue.qsize())


virtual_loop.run(main())
