# Python: 3.11
# A group that is stopping takes no more tasks, neither from its tasks' cleanup nor from a callback.
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


def add(group, name):
    coroutine = child(name, 1)
    try:
        group.create_task(coroutine)
        print("added", name)
    except RuntimeError:
        coroutine.close()
        print("refused", name)


async def careful(group, name):
    print("start", name)
    try:
        await asyncio.sleep(9)
    finally:
        await asyncio.sleep(2)
        add(group, "from the cleanup")
        await asyncio.sleep(2)
        print("cleaned up", name)


async def main():
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(child("a", 2.5, True))
            group.create_task(careful(group, "b"))
            loop.call_later(1, add, group, "in time")
            loop.call_later(3, add, group, "too late")
            loop.call_later(4, add, group, "still too late")
    except ExceptionGroup as errors:
        print("main caught:", *errors.exceptions)


virtual_loop.run(main())
