# Python: 3.11
# Designed difference: a cancel stays in force. A protected part is completed; the first wait after it ends the task.
import asyncio

import virtual_loop


async def uncancellable(coroutine):
    task = asyncio.create_task(coroutine)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        return await task


async def commit():
    print("commit begins")
    await asyncio.sleep(2)
    print("commit ends")


async def worker(queue):
    try:
        await uncancellable(commit())
        print("item", await queue.get(), "was there")
        print("item", await queue.get(), "had to be waited for")
        print("the worker goes on")
    finally:
        print("the worker ends")


async def main():
    queue = asyncio.Queue()
    task = asyncio.create_task(worker(queue))
    await asyncio.sleep(1)
    task.cancel()
    print("cancelled the worker")
    queue.put_nowait(1)
    asyncio.get_running_loop().call_later(5, queue.put_nowait, 2)
    await asyncio.wait([task])
    print("cancelled:", task.cancelled(), "cancelling:", task.cancelling())


virtual_loop.run(main())
