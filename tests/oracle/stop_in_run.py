# Python: 3.11
# stop inside a run ends it with an error after the pass; before a run, after the run's first pass. A task that is done by
# then still gives its value. What is left is cancelled at the end.
import asyncio

import virtual_loop


async def child(name, turns):
    try:
        for turn in range(turns):
            print(name, turn)
            await asyncio.sleep(0)
        return name
    finally:
        print(name, "is over")


async def sleeper():
    try:
        await asyncio.sleep(10)
    finally:
        print("left is over")


async def stops():
    left = asyncio.create_task(sleeper())
    await asyncio.sleep(0)
    asyncio.get_running_loop().stop()
    print("stop")
    await asyncio.sleep(10)
    await left


def run(runner, main):
    try:
        print("value", runner.run(main))
    except RuntimeError:
        print("stopped too early")


def main():
    with asyncio.Runner(loop_factory=virtual_loop.VirtualLoop) as runner:
        runner.get_loop().call_later(0, print, "timer")
        runner.get_loop().stop()
        run(runner, child("x", 2))
        run(runner, child("y", 1))
        run(runner, stops())
    print("closed")


main()
