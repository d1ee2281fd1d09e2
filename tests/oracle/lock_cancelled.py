# Python: 3.11
# A waiter of a lock that is cancelled before the hand-over is skipped; a holder that is cancelled passes the lock on.
import asyncio

import virtual_loop


async def worker(name, lock):
    try:
        async with lock:
            print(name, "holds the lock")
            await asyncio.sleep(1)
    finally:
        print(name, "ends")


async def main():
    lock = asyncio.Lock()
    a, b, c, d = (asyncio.create_task(worker(name, lock)) for name in "abcd")
    await asyncio.sleep(0)
    b.cancel()
    print("cancelled b, who waits")
    a.cancel()
    print("cancelled a, who holds it")
    await asyncio.sleep(0)
    print("a turn later")
    await asyncio.wait([c])
    d.cancel()
    print("cancelled d, locked:", lock.locked())
    await asyncio.wait([d])
    print("locked:", lock.locked())


virtual_loop.run(main())
