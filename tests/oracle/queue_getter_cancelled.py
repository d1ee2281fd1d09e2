# Python: 3.11
# A getter that is cancelled while it waits leaves the queue; the items go to those behind it, in their order.
import asyncio

import virtual_loop


async def getter(name, queue):
    print(name, "waits")
    try:
        print(name, "got", await queue.get())
    finally:
        print(name, "leaves")


async def main():
    queue = asyncio.Queue()
    a, b, c = (asyncio.create_task(getter(name, queue)) for name in ("a", "b", "c"))
    await asyncio.sleep(1)
    print("cancel b:", b.cancel())
    print("cancel a:", a.cancel())
    await queue.put(1)
    print("put 1")
    await asyncio.wait([a, b, c])
    print(a.cancelled(), b.cancelled(), c.cancelled())
    await queue.put(2)
    print("main gets", await queue.get())


virtual_loop.run(main())
