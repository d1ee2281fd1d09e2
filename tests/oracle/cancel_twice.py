# Python: 3.11
# A second cancel during the cleanup: in Python it interrupts the cleanup, here it adds nothing to the first.
import asyncio

import virtual_loop


async def child(name):
    print("start", name)
    try:
        await asyncio.sleep(9)
    finally:
        print("cleaning up", name)
        await asyncio.sleep(2)
        print("cleaned up", name)


async def main():
    a = asyncio.create_task(child("a"))
    b = asyncio.create_task(child("b"))
    await asyncio.sleep(1)
    print("cancel:", a.cancel(), b.cancel())
    await asyncio.sleep(1)
    print("cancel again:", a.cancel())
    await asyncio.wait([a])
    print("a cancelled:", a.cancelled(), "b done:", b.done())
    await asyncio.wait([b])
    print("b cancelled:", b.cancelled(), "cancelling:", a.cancelling(), b.cancelling())


virtual_loop.run(main())
