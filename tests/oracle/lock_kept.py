# Python: 3.11
# Designed difference: who is cancelled after he was handed the lock holds it, and is stopped at his next wait.
import asyncio

import virtual_loop


async def worker(name, lock):
    try:
        async with lock:
            print(name, "holds the lock")
            await asyncio.sleep(0)
            print(name, "goes on")
    finally:
        print(name, "ends")


async def main():
    lock = asyncio.Lock()
    await lock.acquire()
    a = asyncio.create_task(worker("a", lock))
    b = asyncio.create_task(worker("b", lock))
    await asyncio.sleep(0)
    lock.release()
    a.cancel()
    print("released, and cancelled a")
    async with lock:
        print("main holds the lock")
    await asyncio.wait([a, b])
    print(a.cancelled(), b.cancelled())


virtual_loop.run(main())
