# Python: 3.11
# How many turns pass between the end of a task and the turn of who awaits it, with a shield between them and without.
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
