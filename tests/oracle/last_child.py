# Python: 3.11
# Designed difference: the last child of a gather or a group hands over to the caller in its own turn; asyncio in the pass after it.
import asyncio

import virtual_loop


async def child():
    await asyncio.sleep(1)
    print("child ends")


async def bystander():
    await asyncio.sleep(1)
    print("bystander")


async def main():
    by = None
    async def gatherer():
        await asyncio.gather(child())
        print("gather ends")
    async def grouper():
        async with asyncio.TaskGroup() as group:
            group.create_task(child())
        print("group ends")
    task = asyncio.create_task(gatherer())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    by = asyncio.create_task(bystander())
    await by
    await task
    task = asyncio.create_task(grouper())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    by = asyncio.create_task(bystander())
    await by
    await task


virtual_loop.run(main())
