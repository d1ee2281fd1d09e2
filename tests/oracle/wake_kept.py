# Python: 3.11
# Designed difference: who was woken and is cancelled in the same turn goes on, and is stopped where he waits next.
import asyncio

import virtual_loop


async def waiter(name, wait):
    try:
        await wait()
        print(name, "goes on")
        await asyncio.sleep(1)
        print(name, "goes further")
    finally:
        print(name, "ends")


async def main():
    event = asyncio.Event()
    future = asyncio.get_running_loop().create_future()

    async def wait_for_future():
        await future

    tasks = [
        asyncio.create_task(waiter("event", event.wait)),
        asyncio.create_task(waiter("future", wait_for_future)),
        asyncio.create_task(waiter("turn", lambda: asyncio.sleep(0))),
        asyncio.create_task(waiter("sleep", lambda: asyncio.sleep(2))),
    ]
    await asyncio.sleep(0)
    event.set()
    future.set_result(None)
    for task in tasks:
        task.cancel()
    print("woke three of four, cancelled all")
    await asyncio.wait(tasks)
    print("cancelled:", *(task.cancelled() for task in tasks))


virtual_loop.run(main())
