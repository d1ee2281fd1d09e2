"""Five lookups at once, answered in the order of the calls."""
# SPDX-License-Identifier: MIT
import asyncio


async def fetch_user(user_id):
    await asyncio.sleep(0.1)
    return {"id": user_id, "name": f"User{user_id}"}


async def main():
    results = await asyncio.gather(
        fetch_user(1), fetch_user(2), fetch_user(3), fetch_user(4), fetch_user(5)
    )
    print(results)


asyncio.run(main())
