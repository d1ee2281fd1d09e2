# Python: 3.11
# A cancel that comes from outside passes through a timeout as a cancel; it does not become a TimeoutError.
import asyncio

import virtual_loop


async def work():
    try:
        await asyncio.sleep(9)
    finally:
        print("work ends")


async def worker(name, limit):
    try:
        async with asyncio.timeout(limit):
            await work()
    except TimeoutError:
        print(name, "timed out")
    finally:
        print(name, "ends, cancelling:", asyncio.current_task().cancelling())


async def main():
    a = asyncio.create_task(worker("a", 5))
    b = asyncio.create_task(worker("b", 1))
    await asyncio.sleep(2)
    print("cancel:", a.cancel(), b.cancel())
    results = await asyncio.gather(a, b, return_exceptions=True)
    print("cancelled:", *(isinstance(result, asyncio.CancelledError) for result in results))


virtual_loop.run(main())
