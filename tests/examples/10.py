"""A failing child of gather: thrown to the caller, or returned as a value."""
# SPDX-License-Identifier: MIT
import asyncio


async def task(name, fail=False):
    await asyncio.sleep(0.1)
    if fail:
        raise ValueError(f"{name} failed")
    return f"{name} succeeded"


async def main():
    try:
        await asyncio.gather(task("A"), task("B", fail=True), task("C"))
    except ValueError as error:
        print(f"Failed: {error}")

    results = await asyncio.gather(
        task("A"), task("B", fail=True), task("C"), return_exceptions=True
    )
    for result in results:
        if isinstance(result, Exception):
            print(f"Error: {result}")
        else:
            print(f"Success: {result}")


asyncio.run(main())
