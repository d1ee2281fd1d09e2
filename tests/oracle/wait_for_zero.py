# Python: 3.11
# wait_for with no time left gives what is finished, starts nothing new, and cancels and waits for what runs.
import asyncio

import virtual_loop


async def child(name, delay):
    try:
        print(name, "starts")
        await asyncio.sleep(delay)
        return name
    finally:
        print(name, "ends")


async def main():
    finished = asyncio.create_task(child("finished", 1))
    running = asyncio.create_task(child("running", 9))
    await asyncio.sleep(2)
    print("result", await asyncio.wait_for(finished, 0))
    try:
        await asyncio.wait_for(running, 0)
    except TimeoutError:
        print("running: timed out, cancelled:", running.cancelled())
    try:
        await asyncio.wait_for(child("new", 1), 0)
    except TimeoutError:
        print("new: timed out")
    print("result", await asyncio.wait_for(child("unlimited", 99), None))


virtual_loop.run(main())
