# Python: 3.11
# Work that gives a result or an error after its time was up is waited for, and delivers that, not a TimeoutError.
import asyncio

import virtual_loop


async def stubborn():
    waiting = asyncio.create_task(asyncio.sleep(3))
    try:
        await asyncio.shield(waiting)
    except asyncio.CancelledError:
        await waiting
    print("stubborn is done")
    return "a late result"


async def failing():
    try:
        await asyncio.sleep(9)
    finally:
        print("failing cleans up")
        await asyncio.sleep(1)
        raise ValueError("the cleanup failed")


async def obedient():
    try:
        await asyncio.sleep(9)
        return "a result"
    finally:
        print("obedient cleans up")
        await asyncio.sleep(1)


async def main():
    loop = asyncio.get_running_loop()
    for work in (stubborn, failing, obedient):
        start = loop.time()
        try:
            async with asyncio.timeout(1):
                print("result:", await work())
        except ValueError as error:
            print("error:", str(error))
        except TimeoutError:
            print("timed out")
        print("after", int(loop.time() - start))


virtual_loop.run(main())
