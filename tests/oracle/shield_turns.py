# Python: 3.11
# Designed difference: a shield takes no turn of its own: who awaits a task through it goes on with the others who await it.
import asyncio

import virtual_loop


async def child():
    await asyncio.sleep(1)
    print("child ends")


async def plain(task):
    await task
    print("plain goes on")


async def shielded(task):
    await asyncio.shield(task)
    print("shielded goes on")


async def ticker(task):
    await task
    for turn in range(3):
        print("turn", turn)
        await asyncio.sleep(0)


async def main():
    task = asyncio.create_task(child())
    await asyncio.gather(*(asyncio.create_task(awaiter(task)) for awaiter in (ticker, shielded, plain)))


virtual_loop.run(main())
