# Python: 3.12
# An eager task runs up to its first wait inside create_task; the others start in later turns, in order.
import asyncio

import virtual_loop


async def child(name, delay):
    print("start", name)
    if delay:
        await asyncio.sleep(delay)
    print("end", name)
    return name


async def parent():
    print("start parent")
    inner = eager(child("inner", 0))
    print("inner done:", inner.done())
    await inner
    other = eager(child("other", 2))
    print("other done:", other.done())
    await other
    print("end parent")


def eager(coroutine):
    return asyncio.Task(coroutine, loop=asyncio.get_running_loop(), eager_start=True)


async def main():
    asyncio.get_running_loop().call_soon(print, "callback")
    queued = asyncio.create_task(child("queued", 0))
    quick = eager(child("quick", 0))
    slow = eager(child("slow", 1))
    nested = eager(parent())
    print("done:", queued.done(), quick.done(), slow.done(), nested.done())
    print("got", await quick, await slow, await queued)
    await nested


virtual_loop.run(main())
