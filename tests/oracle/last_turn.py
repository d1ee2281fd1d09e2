# Python: 3.11
# A task that is created in the last turn of main still has its first one.
import asyncio

import virtual_loop


async def background():
    print("background starts")


async def main():
    asyncio.create_task(background())
    print("main ends")


virtual_loop.run(main())
