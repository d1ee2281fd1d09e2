# Python: 3.11
# Callbacks and tasks share one queue, first come, first served; what is added in a pass runs in the next one.
import asyncio

import virtual_loop


async def child(name):
    print("task", name)
    await asyncio.sleep(0)
    print("task", name, "again")


async def main():
    loop = asyncio.get_running_loop()

    def callback(name, depth):
        print("callback", name)
        if depth > 0:
            loop.call_soon(callback, name + "'", depth - 1)

    tasks = [asyncio.create_task(child("a"))]
    loop.call_soon(callback, "b", 2)
    tasks.append(asyncio.create_task(child("c")))
    handle = loop.call_soon(callback, "cancelled", 0)
    loop.call_soon(callback, "d", 0)
    handle.cancel()
    print("all are queued, cancelled:", handle.cancelled())
    await asyncio.sleep(0)
    print("main, a turn later")
    await asyncio.sleep(0)
    print("main, another turn later")
    await asyncio.gather(*tasks)


virtual_loop.run(main())
