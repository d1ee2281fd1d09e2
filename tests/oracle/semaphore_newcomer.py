# Python: 3.11
# Designed difference: a permit is the woken waiter's at once; one that is left is free for a newcomer.
import asyncio

import virtual_loop


async def worker(name, semaphore):
    print(name, "asks, locked:", semaphore.locked())
    await semaphore.acquire()
    print(name, "has a permit")


async def main():
    semaphore = asyncio.Semaphore(0)
    a = asyncio.create_task(worker("a", semaphore))
    await asyncio.sleep(0)
    semaphore.release()
    semaphore.release()
    print("released twice")
    await worker("main", semaphore)
    await a


virtual_loop.run(main())
