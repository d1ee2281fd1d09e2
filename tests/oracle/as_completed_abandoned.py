# Python: 3.11
# A loop over as_completed that is left early, or whose task is cancelled, stops no task.
import asyncio

import virtual_loop


async def worker(name, delay):
    try:
        await asyncio.sleep(delay)
        print("end", name)
        return name
    finally:
        print("left", name)


async def consumer(tasks):
    try:
        for earliest in asyncio.as_completed(tasks):
            print("consumer got", await earliest)
    finally:
        print("left consumer")


async def main():
    tasks = [asyncio.create_task(worker(name, delay)) for name, delay in (("a", 6), ("b", 2), ("c", 4), ("d", 1))]
    task = asyncio.create_task(consumer(tasks))
    for earliest in asyncio.as_completed(tasks):
        print("main got", await earliest)
        break
    print("main has left the loop")
    await asyncio.sleep(2)
    task.cancel()
    await asyncio.wait([task])
    print("consumer was cancelled:", task.cancelled())
    print("main has", *await asyncio.gather(*tasks))


virtual_loop.run(main())
