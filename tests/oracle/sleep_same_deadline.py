# Python: 3.11
# Sleepers wake by deadline, and at the same deadline in the order in which they lay down, all in one pass.
import asyncio

import virtual_loop


async def sleeper(name, *delays):
    for delay in delays:
        await asyncio.sleep(delay)
        print(name, "wakes at", int(asyncio.get_running_loop().time()))


async def main():
    await asyncio.gather(
        asyncio.create_task(sleeper("a", 2, 2)),
        asyncio.create_task(sleeper("b", 1, 3)),
        asyncio.create_task(sleeper("c", 3, 0, 1)),
    )
    print("main ends")


virtual_loop.run(main())
