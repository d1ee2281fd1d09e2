# Python: 3.11
# Tasks start in the order of create_task, among the callbacks of call_soon; sleep(0) goes to the end of the queue.
import asyncio

import virtual_loop


async def child(name, turns):
    for turn in range(turns):
        print(name, "turn", turn)
        await asyncio.sleep(0)
    print(name, "ends")


async def main():
    loop = asyncio.get_running_loop()
    loop.call_soon(print, "callback 1")
    a = asyncio.create_task(child("a", 2))
    loop.call_soon(print, "callback 2")
    b = asyncio.create_task(child("b", 3))
    loop.call_soon(lambda: loop.call_soon(print, "callback of callback 3"))
    print("main goes on")
    await asyncio.sleep(0)
    print("main after a turn")
    c = asyncio.create_task(child("c", 1))
    loop.call_soon(print, "callback 4")
    await b
    print("main after b")
    await a
    await c
    print("main ends")


virtual_loop.run(main())
