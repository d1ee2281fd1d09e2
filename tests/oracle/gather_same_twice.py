# Python: 3.11
# The same task given to gather twice runs once and stands in both places; so it is with several gathers of it.
import asyncio

import virtual_loop


async def child(name, delay):
    print("start", name)
    await asyncio.sleep(delay)
    print("end", name)
    return name


async def reader(name, task, delay):
    first, second, own = await asyncio.gather(task, task, child(name, delay))
    print(name, "has", first, second, own)


async def main():
    shared = asyncio.create_task(child("shared", 2))
    one = asyncio.create_task(reader("one", shared, 3))
    two = asyncio.create_task(reader("two", shared, 1))
    first, second = await asyncio.gather(shared, shared)
    print("main has", first, second)
    await asyncio.gather(one, two)
    first, second = await asyncio.gather(shared, shared)
    print("main has", first, second, "again")


virtual_loop.run(main())
