# Python: 3.11
# Python counts cancels and uncancel takes one back; here the part that may be cancelled is a task of its own.
import asyncio

import virtual_loop


async def part(name):
    try:
        print("begin", name)
        await asyncio.sleep(2)
        print("end", name)
    finally:
        print("left", name)


async def worker(names):
    for name in names:
        try:
            await part(name)
        except asyncio.CancelledError:
            print(name, "was cancelled, cancelling:", asyncio.current_task().cancelling())
            asyncio.current_task().uncancel()
    print("cancelling:", asyncio.current_task().cancelling())


async def main():
    task = asyncio.create_task(worker(["a", "b", "c"]))
    await asyncio.sleep(1)
    task.cancel()
    await asyncio.sleep(2)
    print("done:", task.done())
    await asyncio.sleep(1)
    task.cancel()
    await task
    print("cancelled:", task.cancelled())


virtual_loop.run(main())
