# Python: 3.11
# Differs from Python 3.12 on: its gather takes no turn for what has ended either.
# Designed difference: wait, gather and as_completed of what has ended already go on without a turn; asyncio takes one.
import asyncio

import virtual_loop


async def quick():
    return 1


async def main():
    loop = asyncio.get_running_loop()
    task = asyncio.create_task(quick())
    await task
    loop.call_soon(print, "callback 1")
    await asyncio.wait([task])
    print("waited")
    await asyncio.sleep(0)
    loop.call_soon(print, "callback 2")
    await asyncio.gather(task)
    print("gathered")
    await asyncio.sleep(0)
    loop.call_soon(print, "callback 3")
    for earliest in asyncio.as_completed([task]):
        await earliest
        print("as_completed")
    await asyncio.sleep(0)


virtual_loop.run(main())
