# Python: 3.11
# A task of a group fails in its first step: the body is left where it waits, tasks that wait are left, too.
import asyncio

import virtual_loop


async def child(name, fails=False):
    print("start", name)
    try:
        if fails:
            raise ValueError(name + " failed")
        await asyncio.sleep(9)
        print("done", name)
    finally:
        print("left", name)


async def attempt(first, second):
    try:
        async with asyncio.TaskGroup() as group:
            try:
                group.create_task(child("a", first))
                await asyncio.sleep(1)
                group.create_task(child("b", second))
                print("body ends")
            finally:
                print("left body")
    except ExceptionGroup as errors:
        print("caught:", *errors.exceptions)


async def main():
    await attempt(True, False)
    await attempt(False, True)
    await attempt(False, False)


virtual_loop.run(main())
