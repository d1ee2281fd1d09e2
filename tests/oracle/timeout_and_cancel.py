# Python: 3.11
# A timeout that expires in the pass in which its task is cancelled, before or after it, does not swallow the cancel.
import asyncio

import virtual_loop


async def worker(name):
    try:
        async with asyncio.timeout(2):
            try:
                await asyncio.sleep(9)
            finally:
                print(name, "is stopped")
    except TimeoutError:
        print(name, "timed out")
    finally:
        print(name, "ends, cancelling:", asyncio.current_task().cancelling())
    await asyncio.sleep(1)
    print(name, "goes on")


async def main():
    loop = asyncio.get_running_loop()
    first = asyncio.create_task(worker("cancelled first"))
    loop.call_later(2, first.cancel)
    await asyncio.sleep(0)
    last = asyncio.create_task(worker("cancelled last"))
    await asyncio.sleep(0)
    loop.call_later(2, last.cancel)
    await asyncio.wait([first, last])
    print("cancelled:", first.cancelled(), last.cancelled())


virtual_loop.run(main())
