# Python: 3.11
# A waiter is cancelled after it was given its result: Python drops the result, here it arrives before the cancel.
import asyncio

import virtual_loop


async def produce(name):
    await asyncio.sleep(1)
    print("produced", name)
    return name


async def consume(name, task):
    try:
        print(name, "waits")
        print(name, "has", await task)
        await asyncio.sleep(1)
        print(name, "ends")
    finally:
        print("left", name)


async def canceller(source, consumers):
    await source
    for consumer in consumers:
        print("cancel:", consumer.cancel())


async def main():
    source = asyncio.create_task(produce("the result"))
    consumers = []
    consumers.append(asyncio.create_task(consume("early", source)))
    cancelling = asyncio.create_task(canceller(source, consumers))
    consumers.append(asyncio.create_task(consume("late", source)))
    await cancelling
    await asyncio.wait(consumers)
    print("cancelled:", *(consumer.cancelled() for consumer in consumers))


virtual_loop.run(main())
