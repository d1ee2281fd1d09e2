"""Calls that fail are made again, after a delay that doubles each time but not after the last failure.

Which calls fail is a fixed list.
"""
# SPDX-License-Identifier: MIT
import asyncio


async def retry(func, *args, max_retries=3, delay=1.0):
    for attempt in range(max_retries):
        try:
            return await func(*args)
        except Exception:
            if attempt + 1 == max_retries:
                raise
            wait_time = delay * (2 ** attempt)
            print(f"Attempt {attempt + 1} failed, retrying in {wait_time}s...")
            await asyncio.sleep(wait_time)


async def unreliable_api_call(calls_that_fail):
    await asyncio.sleep(0.1)
    if next(calls_that_fail):
        raise ConnectionError("API unavailable")
    return {"status": "ok"}


async def main():
    result = await retry(unreliable_api_call, iter([True, True, False]), max_retries=5)
    print(result)

    try:
        await retry(unreliable_api_call, iter([True, True]), max_retries=2)
    except ConnectionError as error:
        print(f"Failed: {error}")


asyncio.run(main())
