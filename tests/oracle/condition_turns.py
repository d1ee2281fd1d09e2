# Python: 3.11
# After notify_all and the release, all who were notified and do not wait while they hold the lock go on in one turn.
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
