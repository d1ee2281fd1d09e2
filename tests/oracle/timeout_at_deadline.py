# Python: 3.11
# Designed difference: a result that is there at the very moment of the deadline is delivered; asyncio drops it.
import asyncio

import virtual_loop


async def answer(delay):
    await asyncio.sleep(delay)
    return delay


async def wait_for_answer(future):
    return await future


async def main():
    for delay in (1, 2, 3):
        try:
            async with asyncio.timeout(2):
                print("answer", await answer(delay))
        except TimeoutError:
            print("no answer in 2 of", delay)
    future = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_later(2, future.set_result, 7)
    try:
        async with asyncio.timeout(2):
            print("answer", await wait_for_answer(future))
    except TimeoutError:
        print("no answer, though there is one:", future.result())


virtual_loop.run(main())
