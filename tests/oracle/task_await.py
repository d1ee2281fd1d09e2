# Python: 3.11
# Awaiting a coroutine runs it in the same turn, awaiting a running task takes a turn, awaiting an ended one none.
import asyncio

import virtual_loop


async def child(name):
    print(name, "runs")
    return name


async def deep(depth):
    if depth == 0:
        return "deep"
    return await deep(depth - 1)


async def ticker():
    for tick in range(4):
        print("tick", tick)
        await asyncio.sleep(0)


async def main():
    ticking = asyncio.create_task(ticker())
    await asyncio.sleep(0)
    print("got", await child("coroutine"))
    print("got", await deep(5))
    task = asyncio.create_task(child("task"))
    print("created")
    print("got", await task)
    print("again", await task)
    print("and again", await task, await child("coroutine"))
    await ticking
    print("main ends")


virtual_loop.run(main())
