# Python: 3.11
# The end of wait's time is no error and stops nobody; a wait of no time only looks.
import asyncio

import virtual_loop


async def worker(name, delay):
    print("start", name)
    try:
        await asyncio.sleep(delay)
        print("end", name)
    finally:
        print("left", name)


async def main():
    tasks = [asyncio.create_task(worker(name, delay)) for name, delay in (("a", 1), ("b", 3), ("c", 9))]
    done, pending = await asyncio.wait(tasks, timeout=0)
    print("done:", len(done), "pending:", len(pending))
    done, pending = await asyncio.wait(tasks, timeout=2)
    print("done:", len(done), "pending:", len(pending))
    done, pending = await asyncio.wait(tasks, timeout=2)
    print("done:", len(done), "pending:", len(pending))
    for task in pending:
        task.cancel()
    done, pending = await asyncio.wait(tasks, timeout=2)
    print("done:", len(done), "pending:", len(pending))
    print("cancelled:", *(task.cancelled() for task in tasks))


virtual_loop.run(main())
