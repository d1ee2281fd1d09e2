"""A task in the background, the first of two tasks, a time limit."""
# SPDX-License-Identifier: MIT
import asyncio


async def work(name, duration):
    await asyncio.sleep(duration)
    return f"{name} is done"


def print_all_tasks():
    print(f"running: {', '.join(sorted(task.get_name() for task in asyncio.all_tasks()))}")


async def track():
    task = asyncio.create_task(work("the background task", 0.1), name="background")
    print_all_tasks()
    await asyncio.sleep(0.2)
    print_all_tasks()
    print(task.result())


async def wait_for_first():
    task1 = asyncio.create_task(work("task 1", 0.1))
    task2 = asyncio.create_task(work("task 2", 0.2))
    done, pending = await asyncio.wait([task1, task2], return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        print(f"first: {task.result()}")
    for task in pending:
        print(f"later: {await task}")


async def limit_time():
    try:
        result = await asyncio.wait_for(work("the slow work", 10), timeout=5.0)
        print(result)
    except asyncio.TimeoutError:
        print("Operation timed out")


async def main():
    asyncio.current_task().set_name("main")
    await track()
    await wait_for_first()
    await limit_time()


asyncio.run(main())
