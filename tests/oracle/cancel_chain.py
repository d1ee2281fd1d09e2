# Python: 3.11
# A cancel goes down a chain of tasks that await each other; they end from the innermost to the outermost, a turn each.
import asyncio

import virtual_loop


async def link(name, awaited):
    try:
        if awaited is None:
            await asyncio.sleep(9)
        else:
            await awaited
    finally:
        print(name, "ends")


async def ticker():
    for turn in range(4):
        print("turn", turn)
        await asyncio.sleep(0)


async def main():
    c = asyncio.create_task(link("c", None))
    b = asyncio.create_task(link("b", c))
    a = asyncio.create_task(link("a", b))
    other = asyncio.create_task(link("another who awaits c", c))
    await asyncio.sleep(1)
    ticks = asyncio.create_task(ticker())
    print("cancel:", a.cancel())
    print("cancelling:", a.cancelling(), b.cancelling(), c.cancelling(), other.cancelling())
    await ticks
    print("cancelled:", a.cancelled(), b.cancelled(), c.cancelled(), other.cancelled())


virtual_loop.run(main())
