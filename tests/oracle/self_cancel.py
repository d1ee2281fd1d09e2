# Python: 3.11
# A task cancels itself: it goes on to its next wait. If it returns first, Python drops its value and here it counts.
import asyncio

import virtual_loop


async def waits(name):
    try:
        print(name, "cancels itself:", asyncio.current_task().cancel())
        print(name, "goes on")
        await asyncio.sleep(1)
        print(name, "has slept")
        return name
    finally:
        print("left", name)


async def returns(name):
    print(name, "cancels itself:", asyncio.current_task().cancel())
    print(name, "goes on")
    return name


async def awaits(name):
    print(name, "cancels itself:", asyncio.current_task().cancel())
    return await nothing(name)


async def nothing(name):
    print(name, "does not wait")
    return name


async def main():
    for task in [asyncio.create_task(f(f.__name__)) for f in (waits, returns, awaits)]:
        try:
            print("main has", await task)
        except asyncio.CancelledError:
            print("main has nothing")


virtual_loop.run(main())
