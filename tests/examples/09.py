"""Fetch, process, save: one item at a time goes through all stages."""
# SPDX-License-Identifier: MIT
import asyncio


async def fetch_one(url):
    await asyncio.sleep(0.1)
    return {"url": url, "data": "response"}


async def fetch_stream(urls):
    for url in urls:
        yield await fetch_one(url)


async def process_stream(source):
    async for item in source:
        await asyncio.sleep(0.05)
        yield {**item, "processed": True}


async def save_stream(source):
    async for item in source:
        await asyncio.sleep(0.02)
        print(f"Saved: {item['url']}")


async def streaming_pipeline(urls):
    data = fetch_stream(urls)
    processed = process_stream(data)
    await save_stream(processed)


asyncio.run(streaming_pipeline([f"https://api.example.com/data/{i}" for i in range(10)]))
