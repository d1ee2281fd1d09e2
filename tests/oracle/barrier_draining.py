# Python: 3.11
# Who comes while the last generation is still leaving the barrier is counted behind it, for the next generation.
import asyncio

import virtual_loop


async def party(name, barrier):
    print(name, "comes,", barrier.n_waiting, "wait")
    print(name, "goes on as number", await barrier.wait())


async def main():
    barrier = asyncio.Barrier(2)
    parties = [asyncio.create_task(party("a", barrier))]
    await asyncio.sleep(1)
    parties += (asyncio.create_task(party(name, barrier)) for name in "bcd")
    await asyncio.sleep(0)
    print("main:", barrier.n_waiting, "wait")
    await asyncio.sleep(1)
    print("main:", barrier.n_waiting, "wait")
    parties += (asyncio.create_task(party(name, barrier)) for name in "ef")
    await asyncio.gather(*parties)


virtual_loop.run(main())
