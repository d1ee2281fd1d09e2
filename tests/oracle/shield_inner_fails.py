# Python: 3.11
# What the shielded task raises comes through the shield to everybody who awaits it; so does its own cancellation.
import asyncio

import virtual_loop


async def inner(name):
    await asyncio.sleep(1)
    print(name, "fails")
    raise ValueError(name)


async def awaiter(name, task):
    try:
        await asyncio.shield(task)
    except ValueError as error:
        print(name, "sees the failure of", str(error))
    except asyncio.CancelledError:
        print(name, "sees a cancellation, its own:", asyncio.current_task().cancelling() > 0)


async def main():
    x = asyncio.create_task(inner("x"))
    a = asyncio.create_task(awaiter("a", x))
    b = asyncio.create_task(awaiter("b", x))
    await asyncio.gather(a, b)
    y = asyncio.create_task(inner("y"))
    a = asyncio.create_task(awaiter("a", y))
    b = asyncio.create_task(awaiter("b", y))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    y.cancel()
    print("cancelled y")
    await asyncio.gather(a, b)
    await awaiter("main", x)
    await awaiter("main", y)


virtual_loop.run(main())
