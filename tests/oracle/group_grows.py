# Python: 3.11
# Tasks of a group add tasks to it, also when its body has ended; the group ends with the last of them.
import asyncio

import virtual_loop


async def child(group, name, depth, delay):
    print("start", name)
    await asyncio.sleep(delay)
    if depth > 0:
        group.create_task(child(group, name + "l", depth - 1, 2 * delay))
        group.create_task(child(group, name + "r", depth - 1, 3 * delay))
    print("end", name)


async def main():
    async with asyncio.TaskGroup() as group:
        group.create_task(child(group, "a", 2, 1))
        print("body")
        await asyncio.sleep(0)
        group.create_task(child(group, "b", 0, 5))
        print("body ends")
    print("group has ended")


virtual_loop.run(main())
