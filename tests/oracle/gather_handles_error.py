# Python: 3.11
# A gather of running tasks throws the first error at once and leaves the other tasks running.
import asyncio

import virtual_loop


async def child(name, delay, fails=False):
    print("start", name)
    try:
        await asyncio.sleep(delay)
        if fails:
            raise ValueError(name + " failed")
        print("done", name)
    finally:
        print("left", name)


async def main():
    a = asyncio.create_task(child("a", 2))
    b = asyncio.create_task(child("b", 1, True))
    c = asyncio.create_task(child("c", 3))
    print("created")
    try:
        await asyncio.gather(a, b, c)
    except ValueError as error:
        print("main caught:", error)
    print("done:", a.done(), b.done(), c.done())
    await asyncio.gather(a, c)
    print("done:", a.done(), b.done(), c.done())


virtual_loop.run(main())
