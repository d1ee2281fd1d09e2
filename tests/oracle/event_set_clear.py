# Python: 3.11
# set wakes everybody who waits, in their order, also if clear follows at once; who comes later waits for the next set.
import asyncio

import virtual_loop


async def waiter(name, event):
    print(name, "waits")
    await event.wait()
    print(name, "woken, set:", event.is_set())
    await event.wait()
    print(name, "woken again")


async def main():
    event = asyncio.Event()
    a = asyncio.create_task(waiter("a", event))
    b = asyncio.create_task(waiter("b", event))
    await asyncio.sleep(0)
    c = asyncio.create_task(waiter("c", event))
    event.set()
    event.clear()
    print("set and cleared")
    await asyncio.sleep(0)
    print("a turn later")
    event.set()
    print("set")
    await asyncio.sleep(0)
    print("a turn later")
    d = asyncio.create_task(waiter("d", event))
    await asyncio.gather(a, b, c, d)


virtual_loop.run(main())
