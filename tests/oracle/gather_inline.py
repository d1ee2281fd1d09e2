# Python: 3.11
# The children of a Python gather wait for their turn; here they start at once, so they come before what was queued.
import asyncio

import virtual_loop


async def quick(name):
    print("quick", name)
    return name


async def slow(name):
    print("slow", name)
    await asyncio.sleep(1)
    print("slow", name, "ends")
    return name


async def bystander():
    print("bystander")


async def main():
    loop = asyncio.get_running_loop()
    loop.call_soon(print, "callback 1")
    await asyncio.gather()
    print("nothing was gathered")
    task = asyncio.create_task(bystander())
    a, b = await asyncio.gather(quick("a"), quick("b"))
    print("main has", a, b)
    loop.call_soon(print, "callback 2")
    c, d = await asyncio.gather(slow("c"), quick("d"))
    print("main has", c, d)
    await task


virtual_loop.run(main())
