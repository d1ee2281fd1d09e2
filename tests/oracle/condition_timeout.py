# Python: 3.11
# A wait for a condition whose time is up holds the lock again before the TimeoutError comes, however long that takes.
import asyncio

import virtual_loop


async def waiter(name, condition, limit):
    async with condition:
        print(name, "waits")
        try:
            await asyncio.wait_for(condition.wait(), limit)
            print(name, "was notified")
        except TimeoutError:
            print(name, "timed out, locked:", condition.locked())
    print(name, "ends")


async def main():
    condition = asyncio.Condition()
    a = asyncio.create_task(waiter("a", condition, 2))
    b = asyncio.create_task(waiter("b", condition, 9))
    await asyncio.sleep(1)
    async with condition:
        print("main holds the lock")
        await asyncio.sleep(3)
        print("a's time is up, it has not ended:", not a.done())
        condition.notify()
        print("notified one")
    await asyncio.gather(a, b)
    print("locked:", condition.locked())


virtual_loop.run(main())
