# Python: 3.11
# What main leaves behind is cancelled at the end of run and waited for, cleanup and the tasks that it awaits included.
import asyncio

import virtual_loop


async def clean_up(name, delay):
    await asyncio.sleep(delay)
    print("cleaned up", name)


async def background(name, delay):
    print("start", name)
    try:
        await asyncio.sleep(99)
    finally:
        await clean_up(name, delay)


async def finishes():
    await asyncio.sleep(1)
    print("this one ends by itself")


async def main():
    asyncio.create_task(background("a", 3))
    asyncio.create_task(finishes())
    asyncio.create_task(background("b", 1))
    await asyncio.sleep(2)
    c = asyncio.create_task(background("c", 2))
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_soon(print, "callback")
    print("main ends, c done:", c.done())


virtual_loop.run(main())
