# Python: 3.11
# In Python a cancelled task catches its own CancelledError on the way up; here it is unwound past every handler.
import asyncio

import virtual_loop


async def inner():
    try:
        print("inner waits")
        await asyncio.sleep(9)
    except BaseException as error:
        print("inner caught", type(error).__name__)
        raise
    finally:
        print("left inner")


async def outer():
    try:
        print("outer waits")
        await inner()
    except asyncio.CancelledError:
        print("outer caught CancelledError")
        raise
    else:
        print("outer goes on")
    finally:
        print("left outer")


async def main():
    task = asyncio.create_task(outer())
    await asyncio.sleep(1)
    print("cancel")
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        print("main caught CancelledError")
    print("cancelled:", task.cancelled())


virtual_loop.run(main())
