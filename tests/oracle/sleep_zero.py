# Python: 3.11
# sleep(0) gives everybody else who is ready one turn; tasks, callbacks and woken waiters keep their order of arrival.
import asyncio

import virtual_loop


async def counter(name, turns):
    for turn in range(turns):
        print(name, turn)
        await asyncio.sleep(0)
    print(name, "ends")


async def waiter(event):
    await event.wait()
    print("the waiter wakes")


async def main():
    event = asyncio.Event()
    tasks = [
        asyncio.create_task(waiter(event)),
        asyncio.create_task(counter("a", 3)),
        asyncio.create_task(counter("b", 1)),
        asyncio.create_task(counter("c", 2)),
    ]
    await asyncio.sleep(0)
    print("main has had one turn")
    asyncio.get_running_loop().call_soon(print, "the callback")
    event.set()
    await asyncio.sleep(0)
    print("main has had two")
    await asyncio.gather(*tasks)
    print("main ends")


virtual_loop.run(main())
