# Python: 3.11
# A waiter that is cancelled holds the lock again before its cleanup runs, and leaves the notification to the others.
import asyncio

import virtual_loop


async def waiter(name, condition):
    async with condition:
        try:
            print(name, "waits")
            await condition.wait()
            print(name, "was notified")
        finally:
            print(name, "cleans up, locked:", condition.locked())
    print(name, "ends")


async def main():
    condition = asyncio.Condition()
    a = asyncio.create_task(waiter("a", condition))
    b = asyncio.create_task(waiter("b", condition))
    await asyncio.sleep(1)
    async with condition:
        print("main holds the lock")
        a.cancel()
        await asyncio.sleep(1)
        print("a has not ended:", not a.done())
        condition.notify()
        print("notified one")
        await asyncio.sleep(1)
        print("main releases")
    await asyncio.wait([a, b])
    print(a.cancelled(), b.cancelled(), condition.locked())


virtual_loop.run(main())
