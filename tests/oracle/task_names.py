# Python: 3.11
# current_task names the task that runs, in callbacks it is none; all_tasks names those that have not ended.
import asyncio

import virtual_loop


def everybody():
    return " ".join(sorted(task.get_name() for task in asyncio.all_tasks()))


def callback():
    print("in a callback:", asyncio.current_task() is not None)


async def helper():
    print("a helper runs in", asyncio.current_task().get_name())


async def child(delay):
    print("start", asyncio.current_task().get_name())
    await helper()
    await asyncio.sleep(delay)
    print("end", asyncio.current_task().get_name(), "- all:", everybody())


async def main():
    asyncio.current_task().set_name("main")
    asyncio.get_running_loop().call_soon(callback)
    a = asyncio.create_task(child(3), name="a")
    b = asyncio.create_task(child(1), name="b")
    print("all:", everybody())
    await b
    print(a.get_name(), b.get_name(), "- all:", everybody())
    a.set_name("z")
    async with asyncio.TaskGroup() as group:
        group.create_task(child(1), name="grouped")
        print("all:", everybody())
    await a
    print("all:", everybody())


virtual_loop.run(main())
