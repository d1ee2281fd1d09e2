# Python: 3.11
# One child of a gather fails. In Python its siblings run on unattended; here they are stopped and waited for first.
import asyncio

import virtual_loop


async def child(name, delay, fails=False):
    print("start", name)
    try:
        await asyncio.sleep(delay)
        if fails:
            raise ValueError(name + " failed")
        print("done", name)
    finally:
        print("left", name)


async def main():
    try:
        await asyncio.gather(child("a", 2), child("b", 1, True), child("c", 3))
    except ValueError as error:
        print("main caught:", error)
    await asyncio.sleep(5)
    print("main ends")


virtual_loop.run(main())
