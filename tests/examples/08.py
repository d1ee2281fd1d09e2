"""Three stages, each concurrent within itself and done before the next begins."""
# SPDX-License-Identifier: MIT
import asyncio


async def fetch_one(url):
    await asyncio.sleep(0.1)
    return {"url": url, "status": 200}


async def process_one(item):
    await asyncio.sleep(0.05)
    return {**item, "processed": True}


async def save_one(item):
    await asyncio.sleep(0.02)
    print(f"Saved: {item['url']}")


async def fetch(urls):
    return await asyncio.gather(*[fetch_one(url) for url in urls])


async def process(items):
    return await asyncio.gather(*[process_one(item) for item in items])


async def save(items):
    await asyncio.gather(*[save_one(item) for item in items])


async def pipeline(urls):
    fetched = await fetch(urls)
    print(f"Fetched {len(fetched)} items")

    processed = await process(fetched)
    print(f"Processed {len(processed)} items")

    await save(processed)
    print("Pipeline complete")


asyncio.run(pipeline([f"https://api.example.com/data/{i}" for i in range(10)]))
