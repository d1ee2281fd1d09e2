# Python: 3.11
# A gather inside a gather: the children start level by level, and each gather ends when its last child does.
import asyncio

import virtual_loop


async def leaf(name, delay):
    print("start", name)
    await asyncio.sleep(delay)
    print("end", name)
    return name


async def pair(name, delay):
    print("pair", name)
    first, second = await asyncio.gather(leaf(name + "1", delay + 2), leaf(name + "2", delay))
    print("pair", name, "has", first, second)
    return name


async def main():
    print(*await asyncio.gather(pair("a", 5), pair("b", 1), leaf("c", 4)))


virtual_loop.run(main())
