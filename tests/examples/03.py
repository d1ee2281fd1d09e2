"""The same coroutine run directly, then as a task of another one."""
# SPDX-License-Identifier: MIT
import asyncio


async def task():
    await asyncio.sleep(1)
    return "done"


async def main():
    result = await asyncio.create_task(task())
    print(result)


asyncio.run(task())
asyncio.run(main())
