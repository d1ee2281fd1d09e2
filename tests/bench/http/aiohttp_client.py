"""The HTTP benchmark's client over aiohttp: so many tasks share a session and take one request after the other.

Usage: aiohttp_client.py URL AT_ONCE REQUESTS. Prints the seconds that they took, the connections being opened in them.
"""
# SPDX-License-Identifier: MIT
import asyncio
import sys
import time

import aiohttp


async def main(url, at_once, requests):
    left = requests

    async def work(session):
        nonlocal left
        while left > 0:
            left -= 1
            async with session.get(url) as response:
                body = await response.text()
            if response.status != 200 or not body:
                sys.exit("a request has failed")

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=at_once)) as session:
        start = time.perf_counter()
        await asyncio.gather(*(work(session) for _ in range(at_once)))
        print(f"{time.perf_counter() - start:.6f}")


asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
