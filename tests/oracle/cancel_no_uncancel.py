# Python: 3.11
# Designed difference: no uncancel. The part that may be cancelled has a handle, and its task was never cancelled.
import asyncio

import virtual_loop


async def download(name):
    try:
        print("download", name)
        await asyncio.sleep(9)
        print("downloaded", name)
    finally:
        print("download", name, "ends")


async def browser(pages):
    for page in pages:
        try:
            await download(page)
        except asyncio.CancelledError:
            print("the download of", page, "was cancelled")
            asyncio.current_task().uncancel()
    print("browser ends, cancelling:", asyncio.current_task().cancelling())


async def main():
    task = asyncio.create_task(browser(["a", "b", "c"]))
    await asyncio.sleep(1)
    print("stop:", task.cancel())
    await asyncio.sleep(1)
    print("stop:", task.cancel())
    await task
    print("cancelled:", task.cancelled())


virtual_loop.run(main())
