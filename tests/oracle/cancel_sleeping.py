# Python: 3.11
# cancel runs nothing of the task at once: it is left in its own turn, in the order of the cancels, with the reason.
import asyncio

import virtual_loop


async def child(name):
    print("start", name)
    try:
        await asyncio.sleep(9)
    finally:
        print("left", name)


async def main():
    a = asyncio.create_task(child("a"))
    b = asyncio.create_task(child("b"))
    c = asyncio.create_task(child("c"))
    await asyncio.sleep(1)
    asyncio.get_running_loop().call_soon(print, "callback 1")
    c.cancel("c is not needed")
    a.cancel("a is not needed")
    asyncio.get_running_loop().call_soon(print, "callback 2")
    print("cancelled:", a.cancelled(), c.cancelled())
    for task in (a, c):
        try:
            await task
        except asyncio.CancelledError as error:
            print("main caught:", error)
    print("cancelled:", a.cancelled(), b.cancelled(), c.cancelled())
    b.cancel()
    await asyncio.wait([b])
    print("b:", b.cancelled())


virtual_loop.run(main())
