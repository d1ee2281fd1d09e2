# Python: 3.13
# shutdown: putters that wait fail, getters take what is left and fail then.
import asyncio

import virtual_loop


async def putter(item, queue):
    try:
        await queue.put(item)
        print("put", item)
    except asyncio.QueueShutDown:
        print(item, "was refused")


async def getter(name, queue):
    try:
        while True:
            print(name, "got", await queue.get())
            await asyncio.sleep(1)
    except asyncio.QueueShutDown:
        print(name, "sees the end")


async def main():
    queue = asyncio.Queue(2)
    putters = [asyncio.create_task(putter(item, queue)) for item in range(4)]
    await asyncio.sleep(1)
    queue.shutdown()
    print("shut down with", queue.qsize(), "items")
    getters = [asyncio.create_task(getter(name, queue)) for name in ("a", "b", "c")]
    await asyncio.gather(*putters, *getters)
    await putter(4, queue)
    try:
        queue.get_nowait()
    except asyncio.QueueShutDown:
        print("main sees the end")


virtual_loop.run(main())
