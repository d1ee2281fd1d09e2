# Python: 3.11
# With FIRST_EXCEPTION a value and a cancel end no wait, an error does; when there is no error all are waited for.
import asyncio

import virtual_loop


async def worker(name, delay, fails=False):
    await asyncio.sleep(delay)
    print("end", name)
    if fails:
        raise ValueError(name + " failed")


def describe(name, task):
    if not task.done():
        print(name, "is pending")
    elif task.cancelled():
        print(name, "was cancelled")
    elif task.exception():
        print(name, "failed")
    else:
        print(name, "is done")


async def main():
    tasks = {
        "a": asyncio.create_task(worker("a", 1)),
        "b": asyncio.create_task(worker("b", 9)),
        "c": asyncio.create_task(worker("c", 3, True)),
        "d": asyncio.create_task(worker("d", 4)),
    }
    asyncio.get_running_loop().call_later(2, tasks["b"].cancel)
    await asyncio.wait(tasks.values(), return_when=asyncio.FIRST_EXCEPTION)
    for name, task in tasks.items():
        describe(name, task)
    await asyncio.wait([tasks["a"], tasks["b"], tasks["d"]], return_when=asyncio.FIRST_EXCEPTION)
    print("without an error:")
    for name, task in tasks.items():
        describe(name, task)


virtual_loop.run(main())
