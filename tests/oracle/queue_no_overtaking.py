# Python: 3.11
# Designed difference: a getter that asks again does not overtake one that was woken before it.
import asyncio

import virtual_loop


async def getter(name, queue):
    print(name, "waits")
    print(name, "got", await queue.get())
    print(name, "got", await queue.get(), "too")


async def main():
    queue = asyncio.Queue()
    tasks = [asyncio.create_task(getter(name, queue)) for name in ("a", "b", "c")]
    await asyncio.sleep(0)
    for item in range(2):
        queue.put_nowait(item)
        print("put", item)
    await asyncio.sleep(0)
    print("a turn later")
    for item in range(2, 6):
        await queue.put(item)
        print("put", item)
        if item == 3:
            await asyncio.sleep(1)
    await asyncio.gather(*tasks)
    print("left:", queue.qsize())


virtual_loop.run(main())
