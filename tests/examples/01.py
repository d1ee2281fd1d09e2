"""Starts the event loop for one coroutine that sleeps a second."""
# SPDX-License-Identifier: MIT
import asyncio


async def main():
    await asyncio.sleep(1)


asyncio.run(main())
