# Python: 3.11
# Designed difference: a notified task queues for the lock when it is notified, not in its own turn.
import asyncio

import virtual_loop


async def waiter(name, condition):
    async with condition:
        await condition.wait()
        print(name, "was notified and holds the lock")


async def other(condition):
    print("the other one asks for the lock")
    async with condition:
        print("the other one holds the lock")


async def main():
    condition = asyncio.Condition()
    a = asyncio.create_task(waiter("a", condition))
    await asyncio.sleep(0)
    async with condition:
        b = asyncio.create_task(other(condition))
        condition.notify()
        print("notified")
        await asyncio.sleep(0)
        print("main releases")
    await asyncio.gather(a, b)


virtual_loop.run(main())
