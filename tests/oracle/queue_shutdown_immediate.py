# Python: 3.13
# shutdown(immediate=True) drops the items and ends join and every getter, in the order in which they wait.
import asyncio

import virtual_loop


async def getter(name, queue):
    try:
        print(name, "got", await queue.get())
    except asyncio.QueueShutDown:
        print(name, "sees the end")


async def joiner(queue):
    await queue.join()
    print("joined")


async def main():
    empty = asyncio.Queue()
    full = asyncio.Queue()
    full.put_nowait(1)
    full.put_nowait(2)
    tasks = [asyncio.create_task(getter(name, empty)) for name in ("a", "b")]
    tasks.append(asyncio.create_task(joiner(full)))
    await asyncio.sleep(0)
    empty.shutdown()
    print("shut down the empty one")
    full.shutdown(immediate=True)
    print("shut down the full one:", full.qsize(), "items")
    tasks.append(asyncio.create_task(getter("c", full)))
    await asyncio.gather(*tasks)
    try:
        full.put_nowait(3)
    except asyncio.QueueShutDown:
        print("nothing can be put")


virtual_loop.run(main())
