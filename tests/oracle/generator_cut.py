# Python: 3.11
# A cancel inside a generator's wait: Python then gives the end, as if it were complete; here the next one throws.
import asyncio

import virtual_loop


async def numbers():
    try:
        for i in range(9):
            await asyncio.sleep(1)
            yield i
    finally:
        print("left the generator")


async def consume(source):
    try:
        async for i in source:
            print("got", i)
    finally:
        print("left the consumer")


async def main():
    source = numbers()
    task = asyncio.create_task(consume(source))
    await asyncio.sleep(2.5)
    print("cancel")
    task.cancel()
    await asyncio.wait([task])
    for _ in range(2):
        try:
            print("next:", await anext(source, "the end"))
        except asyncio.CancelledError:
            print("next: it was cut short")
    await source.aclose()
    print("closed:", await anext(source, "the end"))


virtual_loop.run(main())
