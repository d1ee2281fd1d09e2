# Python: 3.11
# Python delivers a cancel once, and the task may wait again; here it holds and ends the next wait that blocks.
import asyncio

import virtual_loop


async def step(name):
    print("begin", name)
    await asyncio.sleep(2)
    print("end", name)


async def worker():
    try:
        protected = asyncio.create_task(step("protected part"))
        try:
            await asyncio.shield(protected)
        except asyncio.CancelledError:
            await protected
        print("worker goes on")
        await step("next part")
        await step("last part")
    finally:
        print("left worker")


async def main():
    task = asyncio.create_task(worker())
    await asyncio.sleep(1)
    print("cancel:", task.cancel())
    await asyncio.wait([task])
    print("cancelled:", task.cancelled(), "cancelling:", task.cancelling())


virtual_loop.run(main())
