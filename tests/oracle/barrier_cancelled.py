# Python: 3.11
# A waiter that is cancelled gives up its place at the barrier, which does not break; another one has to come.
import asyncio

import virtual_loop


async def party(name, barrier):
    try:
        print(name, "comes,", barrier.n_waiting, "wait")
        await barrier.wait()
        print(name, "goes on")
    finally:
        print(name, "leaves")


async def main():
    barrier = asyncio.Barrier(3)
    a = asyncio.create_task(party("a", barrier))
    b = asyncio.create_task(party("b", barrier))
    await asyncio.sleep(1)
    a.cancel()
    await asyncio.sleep(1)
    print(barrier.n_waiting, "wait, broken:", barrier.broken)
    c = asyncio.create_task(party("c", barrier))
    await asyncio.sleep(1)
    print("b has not gone on:", not b.done())
    d = asyncio.create_task(party("d", barrier))
    await asyncio.gather(b, c, d)
    print("a was cancelled:", a.cancelled())


virtual_loop.run(main())
