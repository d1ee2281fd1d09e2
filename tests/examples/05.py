"""Twenty requests, of which a semaphore lets five run at a time."""
# SPDX-License-Identifier: MIT
import asyncio


async def fetch_with_limit(url, semaphore):
    async with semaphore:
        await asyncio.sleep(0.1)
        return f"Fetched: {url}"


async def main():
    semaphore = asyncio.Semaphore(5)
    tasks = [fetch_with_limit(f"url-{i}", semaphore) for i in range(20)]
    results = await asyncio.gather(*tasks)
    print(results)


asyncio.run(main())
