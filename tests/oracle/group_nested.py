# Python: 3.11
# A group inside a group: the inner one ends first, and its error ends the outer one as a group inside a group.
import asyncio

import virtual_loop


async def child(name, delay, fails=False):
    try:
        await asyncio.sleep(delay)
        if fails:
            raise ValueError(name + " failed")
        print("done", name)
    finally:
        print("left", name)


async def inner(name, fails):
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(child(name + "1", 2, fails))
            group.create_task(child(name + "2", 3))
            print("inner", name)
    finally:
        print("left inner", name)


async def outer(name):
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(child(name + "3", 9))
            print("outer", name)
            await asyncio.sleep(1.5)
            group.create_task(inner(name, True))
    finally:
        print("left outer", name)


def show(errors, indent=""):
    for error in errors.exceptions:
        if isinstance(error, ExceptionGroup):
            print(indent + "group")
            show(error, indent + "  ")
        else:
            print(indent + str(error))


async def main():
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(inner("a", False))
            group.create_task(outer("b"))
            group.create_task(child("c", 9))
    except ExceptionGroup as errors:
        show(errors)


virtual_loop.run(main())
