# Python: 3.11
# Several tasks await one task: they go on in the order in which they came, each with the value or the error.
import asyncio

import virtual_loop


async def shared(name, fails):
    print(name, "works")
    await asyncio.sleep(2)
    print(name, "ends")
    if fails:
        raise ValueError(name + " failed")
    return name


async def waiter(name, delay, task):
    await asyncio.sleep(delay)
    print(name, "waits")
    try:
        print(name, "got", await task)
    except ValueError as error:
        print(name, "caught:", error)
    await asyncio.sleep(0)
    print(name, "ends")


async def main():
    for fails in (False, True):
        task = asyncio.create_task(shared("bad" if fails else "good", fails))
        await asyncio.gather(waiter("a", 1, task), waiter("b", 0.5, task), waiter("c", 3, task))


virtual_loop.run(main())
