# Python: 3.11
# call_soon_threadsafe on the loop's own thread puts the callback into the same queue as call_soon.
import asyncio

import virtual_loop


async def child():
    print("the task")


async def main():
    loop = asyncio.get_running_loop()
    loop.call_soon(print, "1, soon")
    loop.call_soon_threadsafe(print, "2, threadsafe")
    loop.call_soon(print, "3, soon")
    task = asyncio.create_task(child())
    loop.call_soon_threadsafe(print, "4, threadsafe")
    print("all are queued")
    await asyncio.sleep(0)
    print("main has had a turn")
    await task


virtual_loop.run(main())
