# Python: 3.11
# Designed difference: the errors of a group stand in the order in which they came; asyncio puts the body's own last.
import asyncio

import virtual_loop


async def child():
    try:
        await asyncio.sleep(9)
    finally:
        raise ValueError("of the task")


async def main():
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(child())
            await asyncio.sleep(1)
            raise ValueError("of the body")
    except ExceptionGroup as errors:
        print(*errors.exceptions, sep="\n")


virtual_loop.run(main())
