# Python: 3.11
# A task of a group fails: the others are cancelled and may clean up; then the group throws all errors together.
import asyncio

import virtual_loop


async def child(name, delay, cleanup, fails=False):
    print("start", name)
    try:
        await asyncio.sleep(delay)
        print("done", name)
        if fails:
            raise ValueError(name + " failed")
    finally:
        await asyncio.sleep(cleanup)
        print("cleaned up", name)
        if cleanup == 2:
            raise ValueError("cleanup of " + name + " failed")


async def main():
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(child("a", 9, 4))
            group.create_task(child("b", 2, 0))
            group.create_task(child("c", 3, 1, True))
            group.create_task(child("d", 8, 2))
            print("body ends")
    except ExceptionGroup as errors:
        for error in errors.exceptions:
            print("main caught:", error)
    await asyncio.sleep(9)
    print("main ends")


virtual_loop.run(main())
