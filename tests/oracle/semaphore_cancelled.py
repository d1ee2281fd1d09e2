# Python: 3.11
# A waiter of a semaphore that is cancelled before the hand-over gives up its place and takes no permit with it.
import asyncio

import virtual_loop


async def worker(name, semaphore):
    try:
        await semaphore.acquire()
        print(name, "has a permit")
    finally:
        print(name, "ends")


async def main():
    semaphore = asyncio.Semaphore(0)
    a, b, c, d = (asyncio.create_task(worker(name, semaphore)) for name in "abcd")
    await asyncio.sleep(0)
    a.cancel()
    c.cancel()
    print("cancelled a and c")
    semaphore.release()
    print("released once, locked:", semaphore.locked())
    await asyncio.sleep(0)
    print("a turn later")
    semaphore.release()
    semaphore.release()
    print("released twice")
    await asyncio.wait([a, b, c, d])
    print("locked:", semaphore.locked())
    print(a.cancelled(), b.cancelled(), c.cancelled(), d.cancelled())


virtual_loop.run(main())
