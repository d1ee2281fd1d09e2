# Python: 3.11
# The results of gather stand in the order of the arguments, whatever the order in which they end.
import asyncio

import virtual_loop


async def child(name, delay):
    print("start", name)
    await asyncio.sleep(delay)
    print("end", name)
    return name


async def main():
    print(*await asyncio.gather(child("a", 3), child("b", 1), child("c", 2)))


virtual_loop.run(main())
