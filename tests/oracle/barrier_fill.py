# Python: 3.11
# The last to come opens the barrier and goes on first, the others follow in order; the next generation starts anew.
import asyncio

import virtual_loop


async def party(name, barrier, delay):
    await asyncio.sleep(delay)
    print(name, "comes,", barrier.n_waiting, "wait")
    print(name, "goes on as number", await barrier.wait())


async def main():
    barrier = asyncio.Barrier(3)
    parties = (("a", 2), ("b", 1), ("c", 3), ("d", 4), ("e", 6), ("f", 5))
    await asyncio.gather(*(asyncio.create_task(party(name, barrier, delay)) for name, delay in parties))
    print("left:", barrier.n_waiting, "of", barrier.parties)


virtual_loop.run(main())
