# Python: 3.11
# A timeout whose deadline is moved ends at the last one that was set; none at all lets the work end in its own time.
import asyncio

import virtual_loop


def seconds():
    return int(asyncio.get_running_loop().time())


async def work(timeout, steps):
    start = seconds()
    for step in steps:
        await asyncio.sleep(1)
        timeout.reschedule(None if step is None else start + step)
        print("at", seconds() - start, "the deadline is", "never" if step is None else str(step))
    await asyncio.sleep(5)
    print("done at", seconds() - start)


async def main():
    for steps in ((4, 5, 7), (9, None), (2,)):
        try:
            async with asyncio.timeout(3) as timeout:
                await work(timeout, steps)
        except TimeoutError:
            print("timed out")
        print("expired:", timeout.expired(), "at", seconds())


virtual_loop.run(main())
