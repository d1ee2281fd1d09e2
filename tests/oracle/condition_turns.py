# Python: 3.11
# Designed difference: after notify_all the lock goes from one who was notified to the next, a turn for each.
import asyncio

import virtual_loop


async def waiter(name, condition):
    async with condition:
        await condition.wait()
        print(name, "goes on")


async def ticker():
    for turn in range(4):
        print("turn", turn)
        await asyncio.sleep(0)


async def main():
    condition = asyncio.Condition()
    tasks = [asyncio.create_task(waiter(name, condition)) for name in "abc"]
    await asyncio.sleep(0)
    async with condition:
        tasks.append(asyncio.create_task(ticker()))
        condition.notify_all()
        print("notified all")
    await asyncio.gather(*tasks)


virtual_loop.run(main())
