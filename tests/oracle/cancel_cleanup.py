# Python: 3.11
# Cleanup that waits: a cancelled task takes as long as its cleanup does, nested cleanups run from the inside out.
import asyncio

import virtual_loop


async def clean_up(name, delay):
    print("cleaning up", name)
    await asyncio.sleep(delay)
    print("cleaned up", name)


async def inner(name):
    try:
        await asyncio.sleep(9)
    finally:
        await clean_up("inner " + name, 2)


async def outer(name):
    try:
        print("start", name)
        await inner(name)
    finally:
        await clean_up("outer " + name, 1)


async def main():
    a = asyncio.create_task(outer("a"))
    await asyncio.sleep(1)
    b = asyncio.create_task(outer("b"))
    await asyncio.sleep(1)
    a.cancel()
    await asyncio.sleep(1)
    b.cancel()
    print("done:", a.done(), b.done())
    await asyncio.wait([a])
    print("done:", a.done(), b.done())
    await asyncio.wait([b])
    print("cancelled:", a.cancelled(), b.cancelled())


virtual_loop.run(main())
