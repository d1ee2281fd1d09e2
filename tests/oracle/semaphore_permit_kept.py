# Python: 3.11
# Designed difference: who is cancelled after he was handed the permit has it, and is stopped at his next wait.
import asyncio

import virtual_loop


async def worker(name, semaphore):
    try:
        async with semaphore:
            print(name, "has the permit")
            await asyncio.sleep(1)
            print(name, "goes on")
    finally:
        print(name, "ends")


async def main():
    semaphore = asyncio.Semaphore(1)
    await semaphore.acquire()
    a = asyncio.create_task(worker("a", semaphore))
    b = asyncio.create_task(worker("b", semaphore))
    await asyncio.sleep(0)
    semaphore.release()
    a.cancel()
    print("released, and cancelled a")
    await asyncio.wait([a])
    print("a is cancelled:", a.cancelled())
    await b
    print("locked:", semaphore.locked())


virtual_loop.run(main())
