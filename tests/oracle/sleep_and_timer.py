# Python: 3.11
# Designed difference: at one deadline those who sleep run with the callbacks, in the order of the calls, not a pass later.
import asyncio

import virtual_loop


async def sleeper():
    await asyncio.sleep(1)
    print("the sleeper wakes")
    await asyncio.sleep(0)
    print("the sleeper goes on")


async def main():
    loop = asyncio.get_running_loop()
    task = asyncio.create_task(sleeper())
    await asyncio.sleep(0)

    def callback():
        print("the callback")
        loop.call_soon(print, "what the callback added")

    loop.call_later(1, callback)
    await task


virtual_loop.run(main())
