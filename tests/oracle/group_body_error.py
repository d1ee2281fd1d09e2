# Python: 3.11
# The body of a group fails: it is left first, then its tasks are cancelled and waited for; one has not begun.
import asyncio

import virtual_loop


async def child(name, delay, cleanup):
    print("start", name)
    try:
        await asyncio.sleep(delay)
        print("done", name)
    finally:
        await asyncio.sleep(cleanup)
        print("cleaned up", name)


async def main():
    try:
        async with asyncio.TaskGroup() as group:
            try:
                group.create_task(child("a", 5, 2))
                group.create_task(child("b", 6, 1))
                group.create_task(child("c", 1, 0))
                await asyncio.sleep(2)
                group.create_task(child("d", 1, 1))
                print("body fails")
                raise ValueError("body failed")
            finally:
                print("left body")
    except ExceptionGroup as errors:
        print("main caught:", *errors.exceptions)


virtual_loop.run(main())
