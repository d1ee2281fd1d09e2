"""Waiting without blocking the loop, and arithmetic moved to a thread."""
# SPDX-License-Identifier: MIT
import asyncio
import time


async def bad_blocking():
    time.sleep(1)  # shown, never called: nothing else could run meanwhile


async def good_nonblocking():
    await asyncio.sleep(1)


async def cpu_bound():
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(None, lambda: sum(range(10_000_000)))


async def main():
    await good_nonblocking()
    print(await cpu_bound())


asyncio.run(main())
