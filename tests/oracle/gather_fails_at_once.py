# Python: 3.11
# A child that fails before it first waits: in Python the later ones start all the same, here they never do.
import asyncio

import virtual_loop


async def child(name, fails):
    print("start", name)
    try:
        if fails:
            raise ValueError(name + " failed")
        await asyncio.sleep(1)
        print("done", name)
    finally:
        print("left", name)


async def main():
    try:
        await asyncio.gather(child("a", False), child("b", True), child("c", False))
    except ValueError as error:
        print("main caught:", error)
    results = await asyncio.gather(child("d", True), child("e", False), return_exceptions=True)
    print("errors:", *(result is not None for result in results))


virtual_loop.run(main())
