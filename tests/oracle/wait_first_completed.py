# Python: 3.11
# A loop over wait with FIRST_COMPLETED: each round has all that are done when it goes on, not only the first.
import asyncio

import virtual_loop


async def worker(name, opening, turns=0):
    print("start", name)
    await opening
    for _ in range(turns):
        await asyncio.sleep(0)
    print("end", name)
    return name


async def main():
    early = asyncio.create_task(asyncio.sleep(1))
    late = asyncio.create_task(asyncio.sleep(2))
    pending = [
        asyncio.create_task(worker("a", late)),
        asyncio.create_task(worker("b", early)),
        asyncio.create_task(worker("c", early, 1)),
        asyncio.create_task(worker("d", early)),
        asyncio.create_task(worker("e", early, 2)),
    ]
    while pending:
        done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        print("round:", *sorted(task.result() for task in done), "- pending:", len(pending))


virtual_loop.run(main())
