# Python: 3.11
# When a task of a group fails, its other tasks are stopped first, and the body last.
import asyncio

import virtual_loop


async def child(fails):
    try:
        await asyncio.sleep(1)
        if fails:
            raise ValueError("failed")
        await asyncio.sleep(1)
    finally:
        print("left task that fails" if fails else "left other task")


async def main():
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(child(False))
            group.create_task(child(True))
            try:
                await asyncio.sleep(9)
            finally:
                print("left body")
    except ExceptionGroup:
        print("group threw")


virtual_loop.run(main())
