# Python: 3.11
# Designed difference: a released lock is locked by the waiter that it wakes, at once; as in asyncio nobody else gets it.
import asyncio

import virtual_loop


async def worker(name, lock):
    async with lock:
        print(name, "holds the lock")


async def main():
    lock = asyncio.Lock()
    await lock.acquire()
    a = asyncio.create_task(worker("a", lock))
    await asyncio.sleep(0)
    lock.release()
    print("released, locked:", lock.locked())
    b = asyncio.create_task(worker("b", lock))
    async with lock:
        print("main holds the lock")
    await asyncio.gather(a, b)
    print("locked:", lock.locked())


virtual_loop.run(main())
