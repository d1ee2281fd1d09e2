# Python: 3.11
# notify wakes as many as it is told, the oldest first; they go on once the notifier has released the lock.
import asyncio

import virtual_loop


async def waiter(name, condition):
    async with condition:
        print(name, "waits")
        await condition.wait()
        print(name, "goes on")
        await asyncio.sleep(1)
        print(name, "releases")


async def main():
    condition = asyncio.Condition()
    tasks = [asyncio.create_task(waiter(name, condition)) for name in "abcd"]
    await asyncio.sleep(1)
    async with condition:
        condition.notify()
        print("notified one")
        await asyncio.sleep(1)
        print("main releases")
    await asyncio.sleep(3)
    async with condition:
        condition.notify_all()
        print("notified all")
    await asyncio.gather(*tasks)
    try:
        condition.notify()
    except RuntimeError:
        print("notify without the lock is an error")


virtual_loop.run(main())
