# Python: 3.11
# A semaphore serves its waiters in the order in which they came, and a release wakes them in the next turn.
import asyncio

import virtual_loop


async def worker(name, semaphore, delay):
    print(name, "asks", "(locked)" if semaphore.locked() else "(free)")
    async with semaphore:
        print(name, "in")
        await asyncio.sleep(delay)
        print(name, "out")
    print(name, "has given it back")


async def main():
    semaphore = asyncio.Semaphore(2)
    tasks = [asyncio.create_task(worker(name, semaphore, delay)) for name, delay in zip("abcd", (3, 1, 1, 2))]
    await asyncio.gather(*tasks)
    print("locked:", semaphore.locked())


virtual_loop.run(main())
