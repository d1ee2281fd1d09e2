# Python: 3.11
# A function that gathers itself for the two halves: entered level by level, left from the leaves up.
import asyncio

import virtual_loop


async def walk(path):
    print("enter", path)
    if len(path) == 3:
        await asyncio.sleep(1 + 3 * int(path[1:], 2) % 4)
        print("leaf", path)
        return 1
    left, right = await asyncio.gather(walk(path + "0"), walk(path + "1"))
    print("leave", path, "with", left + right)
    return left + right


async def main():
    print("leaves:", await walk("r"))


virtual_loop.run(main())
