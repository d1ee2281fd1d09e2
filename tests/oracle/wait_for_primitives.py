# Python: 3.11
# wait_for around a queue, a semaphore and an event: who timed out has left the wait list, and the next one is served.
import asyncio

import virtual_loop


async def waiter(name, make, limit):
    try:
        result = await asyncio.wait_for(make(), limit)
        print(name, "is served", result)
    except TimeoutError:
        print(name, "timed out")


async def main():
    queue = asyncio.Queue()
    semaphore = asyncio.Semaphore(0)
    event = asyncio.Event()

    async def get():
        return f"with {await queue.get()}"

    async def acquire():
        await semaphore.acquire()
        return "with a permit"

    async def wait():
        await event.wait()
        return "by the event"

    tasks = [
        asyncio.create_task(waiter(f"{kind} {number}", make, limit + more))
        for kind, make, more in (("queue", get, 0), ("semaphore", acquire, 0.1), ("event", wait, 0.2))
        for number, limit in enumerate((1, 3, 9))
    ]
    await asyncio.sleep(2)
    print("serve one of each")
    event.set()
    semaphore.release()
    queue.put_nowait(1)
    await asyncio.gather(*tasks)
    print("left:", queue.qsize(), semaphore.locked())


virtual_loop.run(main())
