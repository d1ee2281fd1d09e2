# Python: 3.11
# Generators over generators are lazy: each value goes through the whole chain before the next one is made.
import asyncio

import virtual_loop


async def numbers(limit):
    for i in range(limit):
        print("number", i)
        yield i
        await asyncio.sleep(1)
    print("no more numbers")


async def odd(source):
    async for i in source:
        if i % 2 == 1:
            yield i
        else:
            print("skip", i)


async def squares(source):
    async for i in source:
        print("square", i)
        yield i * i


async def main():
    asyncio.get_running_loop().call_later(0.5, print, "half a second")
    asyncio.get_running_loop().call_later(2.5, print, "two seconds and a half")
    async for i in squares(odd(numbers(4))):
        print("got", i)
    print("main ends")


virtual_loop.run(main())
