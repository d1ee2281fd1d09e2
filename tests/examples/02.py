"""A coroutine that awaits another one and prints what it got."""
# SPDX-License-Identifier: MIT
import asyncio


async def fetch_data(url):
    await asyncio.sleep(0.1)
    return {"url": url, "data": "response"}


async def async_function():
    result = await fetch_data("https://api.example.com")
    print(result)


asyncio.run(async_function())
