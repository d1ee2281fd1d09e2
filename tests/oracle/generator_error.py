# Python: 3.11
# An error in a generator comes out of the request for the next value; after it the generator is at its end.
import asyncio

import virtual_loop


async def parse(words):
    try:
        for word in words:
            await asyncio.sleep(1)
            print("parse", word)
            if not word.isdigit():
                raise ValueError(word + " is no number")
            yield int(word)
    finally:
        print("left parse")


async def doubled(source):
    try:
        async for number in source:
            yield 2 * number
    finally:
        print("left doubled")


async def main():
    source = doubled(parse(["1", "2", "x", "4"]))
    while True:
        try:
            number = await anext(source, None)
        except ValueError as error:
            print("main caught:", error)
            continue
        if number is None:
            break
        print("got", number)
    print("the end")


virtual_loop.run(main())
