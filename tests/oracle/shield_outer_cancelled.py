# Python: 3.11
# Designed difference: shield takes a running task. What it does is the same: the caller leaves, the task runs on.
import asyncio

import virtual_loop


async def save(name):
    try:
        print("save", name)
        await asyncio.sleep(2)
        print("saved", name)
        return name
    finally:
        print("save of", name, "ends")


async def request(name):
    try:
        print("result", await asyncio.shield(save(name)))
    finally:
        print("request", name, "ends")


async def main():
    a = asyncio.create_task(request("a"))
    b = asyncio.create_task(request("b"))
    await asyncio.sleep(1)
    a.cancel()
    try:
        await a
    except asyncio.CancelledError:
        print("request a was cancelled")
    await b
    saving = asyncio.create_task(save("c"))
    try:
        async with asyncio.timeout(1):
            await asyncio.shield(saving)
    except TimeoutError:
        print("timed out, still saving:", not saving.done())
    print("result", await saving)


virtual_loop.run(main())
