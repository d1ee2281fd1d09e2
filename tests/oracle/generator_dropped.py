# Python: 3.11
# Designed difference: a generator that is dropped leaves its body at once; asyncio closes it in a task some turns later.
import asyncio

import virtual_loop


async def numbers():
    try:
        for i in range(9):
            yield i
    finally:
        print("left the body")


async def read():
    async for i in numbers():
        print("got", i)
        break
    print("read goes on")
    await asyncio.sleep(0)
    print("after a turn")


async def main():
    await read()
    await asyncio.sleep(1)


virtual_loop.run(main())
