# Python: 3.11
# Designed difference: who is cancelled after he was notified goes on with the lock, and is stopped at his next wait.
import asyncio

import virtual_loop


async def waiter(name, condition):
    async with condition:
        try:
            await condition.wait()
            print(name, "was notified")
            await asyncio.sleep(1)
            print(name, "goes on")
        finally:
            print(name, "releases the lock")


async def main():
    condition = asyncio.Condition()
    a = asyncio.create_task(waiter("a", condition))
    b = asyncio.create_task(waiter("b", condition))
    await asyncio.sleep(0)
    async with condition:
        condition.notify_all()
        a.cancel()
        print("notified both, and cancelled a")
    await asyncio.wait([a, b])
    print("cancelled:", a.cancelled(), b.cancelled())


virtual_loop.run(main())
