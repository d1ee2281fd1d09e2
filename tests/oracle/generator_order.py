# Python: 3.11
# A generator runs only inside its consumer's request for the next value, and waits between values like any coroutine.
import asyncio

import virtual_loop


async def count(name, limit, delay):
    print(name, "begins")
    for i in range(limit):
        await asyncio.sleep(delay)
        print(name, "yields", i)
        yield i
    print(name, "ends")


async def consume(name, limit, delay):
    source = count("generator of " + name, limit, delay)
    print(name, "has a generator")
    total = 0
    async for i in source:
        total += i
        print(name, "got", i)
    return total


async def main():
    print(*await asyncio.gather(consume("a", 3, 2), consume("b", 2, 1.5)))


virtual_loop.run(main())
