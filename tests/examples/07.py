"""Asynchronous generators, each of which takes its items from the one before."""
# SPDX-License-Identifier: MIT
import asyncio


async def data_source(count):
    for i in range(count):
        await asyncio.sleep(0.05)
        yield i


async def transform(source):
    async for item in source:
        await asyncio.sleep(0.02)
        yield f"processed-{item}"


async def sink(source):
    async for item in source:
        print(f"Received: {item}")


async def main():
    data = data_source(5)
    transformed = transform(data)
    await sink(transformed)


asyncio.run(main())
