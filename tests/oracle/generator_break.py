# Python: 3.11
# A loop over generators that is left early leaves their bodies, the source's first, before the consumer goes on.
import asyncio
from contextlib import aclosing

import virtual_loop


async def lines(name):
    try:
        for i in range(9):
            await asyncio.sleep(1)
            print("line", i, "of", name)
            yield i
    finally:
        print("left", name)


async def every_second(source):
    try:
        async with aclosing(source):
            async for i in source:
                if i % 2 == 1:
                    yield i
    finally:
        print("left every_second")


async def read(name, last):
    async with aclosing(every_second(lines(name))) as source:
        async for i in source:
            print(name, "read", i)
            if i >= last:
                break
    print(name, "goes on")


async def main():
    await asyncio.gather(read("a", 3), read("b", 1))
    print("main ends")


virtual_loop.run(main())
