# Python: 3.11
# reset sends away who waits and leaves the barrier whole; abort breaks it for everybody until the next reset.
import asyncio

import virtual_loop


async def party(name, barrier):
    print(name, "comes")
    try:
        print(name, "goes on as number", await barrier.wait())
    except asyncio.BrokenBarrierError:
        print(name, "finds it broken:", barrier.broken)


async def main():
    barrier = asyncio.Barrier(2)
    a = asyncio.create_task(party("a", barrier))
    await asyncio.sleep(1)
    await barrier.reset()
    print("reset, broken:", barrier.broken)
    await a
    b = asyncio.create_task(party("b", barrier))
    await asyncio.sleep(1)
    await barrier.abort()
    print("aborted, broken:", barrier.broken)
    c = asyncio.create_task(party("c", barrier))
    await asyncio.gather(b, c)
    await barrier.reset()
    print("reset, broken:", barrier.broken)
    await asyncio.gather(*(asyncio.create_task(party(name, barrier)) for name in "de"))


virtual_loop.run(main())
