# Python: 3.11
# A lock goes from one waiter to the next in the order in which they asked; who has just released it stands last.
import asyncio

import virtual_loop


async def worker(name, lock):
    for round in range(2):
        print(name, "asks", round)
        async with lock:
            print(name, "holds", round)
            await asyncio.sleep(1 if name == "a" else 0)
        print(name, "has released", round)


async def main():
    lock = asyncio.Lock()
    await asyncio.gather(*(asyncio.create_task(worker(name, lock)) for name in "abc"))
    print("locked:", lock.locked())


virtual_loop.run(main())
