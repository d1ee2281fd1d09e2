# Python: 3.11
# Designed difference: a group stops its tasks in the turn in which one of them fails; asyncio in the pass after it.
import asyncio

import virtual_loop


async def child(name, fails):
    print("start", name)
    if fails:
        raise ValueError(name)
    try:
        await asyncio.sleep(9)
    finally:
        print("left", name)


async def main():
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(child("a", True))
            group.create_task(child("b", False))
    except ExceptionGroup:
        print("group threw")


virtual_loop.run(main())
