# Python: 3.11
# A bounded semaphore refuses to be released more often than it was acquired, also while others wait or have just run.
import asyncio

import virtual_loop


def release(semaphore):
    try:
        semaphore.release()
        print("released")
    except ValueError:
        print("one release too many")


async def worker(name, semaphore):
    async with semaphore:
        print(name, "in")
        await asyncio.sleep(0)
        print(name, "out")


async def main():
    semaphore = asyncio.BoundedSemaphore(1)
    release(semaphore)
    await semaphore.acquire()
    a = asyncio.create_task(worker("a", semaphore))
    b = asyncio.create_task(worker("b", semaphore))
    await asyncio.sleep(0)
    print("main has had it")
    release(semaphore)
    await asyncio.sleep(0)
    print("a turn later")
    await asyncio.gather(a, b)
    release(semaphore)
    await semaphore.acquire()
    release(semaphore)


virtual_loop.run(main())
