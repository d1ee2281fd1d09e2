# Python: 3.11
# Two permits are released and one waiter is woken: a newcomer waits for his turn behind it, though a permit is left.
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
