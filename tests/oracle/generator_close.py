# Python: 3.11
# aclose leaves the generator where it stands and waits for its cleanup; after it, and again after that, comes the end.
import asyncio

import virtual_loop


async def clean_up():
    print("cleaning up")
    await asyncio.sleep(1)
    print("cleaned up")


async def numbers():
    try:
        for i in range(9):
            print("yield", i)
            yield i
    finally:
        print("left the body")
        await clean_up()


async def ticker():
    for tick in range(2):
        await asyncio.sleep(0.75)
        print("tick", tick)


async def main():
    ticking = asyncio.create_task(ticker())
    source = numbers()
    print("got", await anext(source))
    print("got", await anext(source))
    print("close")
    await source.aclose()
    print("closed")
    print("next:", await anext(source, "the end"))
    await source.aclose()
    print("next:", await anext(source, "the end"))
    unused = numbers()
    await unused.aclose()
    print("unused:", await anext(unused, "the end"))
    await ticking


virtual_loop.run(main())
