# Python: 3.11
# A task that is cancelled before its first step never runs; the order of the others is as before.
import asyncio

import virtual_loop


async def child(name):
    print("start", name)
    try:
        await asyncio.sleep(1)
        print("done", name)
    finally:
        print("left", name)


async def waiter(name, task):
    print("start", name)
    try:
        await task
    except asyncio.CancelledError:
        print(name, "sees a cancelled task")


async def main():
    a = asyncio.create_task(child("a"))
    b = asyncio.create_task(child("b"))
    c = asyncio.create_task(waiter("c", b))
    d = asyncio.create_task(child("d"))
    print("cancel:", b.cancel(), d.cancel(), d.cancel(), "cancelling:", b.cancelling(), d.cancelling())
    print("done:", b.done(), d.done())
    await asyncio.sleep(0)
    print("done:", b.done(), d.done())
    print("cancel:", b.cancel(), d.cancel())
    try:
        await d
    except asyncio.CancelledError:
        print("main sees a cancelled task")
    await c
    await a


virtual_loop.run(main())
