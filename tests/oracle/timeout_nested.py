# Python: 3.11
# Of two nested timeouts the one that expires raises, at its own level: first the inner one, then the outer one.
import asyncio

import virtual_loop


async def work(name):
    try:
        await asyncio.sleep(10)
    finally:
        print(name, "ends")


async def nested(inner, outer):
    try:
        async with asyncio.timeout(outer):
            try:
                async with asyncio.timeout(inner):
                    await work("the first")
            except TimeoutError:
                print("the inner one timed out")
            await work("the second")
    except TimeoutError:
        print("the outer one timed out")


async def main():
    print("inner first")
    await nested(1, 2)
    print("outer first")
    await nested(2, 1)


virtual_loop.run(main())
