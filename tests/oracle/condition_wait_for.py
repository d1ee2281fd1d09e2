# Python: 3.11
# wait_for asks its predicate under the lock, at first and after each notification, until it is true.
import asyncio

import virtual_loop


async def buyer(name, price, condition, offers):
    def affordable():
        print(name, "looks at", *offers)
        return offers[-1] <= price

    async with condition:
        await condition.wait_for(affordable)
        print(name, "buys at", offers[-1])


async def main():
    condition = asyncio.Condition()
    offers = [9]
    a = asyncio.create_task(buyer("a", 5, condition, offers))
    b = asyncio.create_task(buyer("b", 7, condition, offers))
    for offer in (8, 6, 4):
        await asyncio.sleep(1)
        async with condition:
            offers.append(offer)
            condition.notify_all()
            print("offer", offer)
    await asyncio.gather(a, b)


virtual_loop.run(main())
