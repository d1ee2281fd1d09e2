# Python: 3.11
# A cancel of one waiter cancels the task that it awaits, and so everybody else who awaits that task.
import asyncio

import virtual_loop


async def shared():
    try:
        print("shared works")
        await asyncio.sleep(9)
    finally:
        print("left shared")


async def waiter(name, task):
    print(name, "waits")
    try:
        await task
    finally:
        print("left", name)


async def onlooker(name, task):
    print(name, "waits")
    try:
        await task
    except asyncio.CancelledError:
        print(name, "goes on, cancelling:", asyncio.current_task().cancelling())
    await asyncio.sleep(1)
    print(name, "ends")


async def main():
    task = asyncio.create_task(shared())
    first = asyncio.create_task(onlooker("first", task))
    second = asyncio.create_task(waiter("second", task))
    third = asyncio.create_task(waiter("third", task))
    fourth = asyncio.create_task(onlooker("fourth", task))
    await asyncio.sleep(1)
    print("cancel second")
    second.cancel()
    await asyncio.wait([first, second, third, fourth])
    print("cancelled:", *(each.cancelled() for each in (task, first, second, third, fourth)))


virtual_loop.run(main())
