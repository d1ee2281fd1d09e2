# Python: 3.11
# A future gives its result, its exception or its cancellation to all who await it, in their order, and takes only one.
import asyncio

import virtual_loop


async def waiter(name, future):
    try:
        print(name, "got", await future)
    except ValueError as error:
        print(name, "got an error:", str(error))
    except asyncio.CancelledError:
        print(name, "sees that it was cancelled")


async def main():
    loop = asyncio.get_running_loop()
    actions = (
        lambda future: future.set_result(1),
        lambda future: future.set_exception(ValueError("no")),
        lambda future: future.cancel(),
    )
    for action in actions:
        future = loop.create_future()
        a = asyncio.create_task(waiter("a", future))
        b = asyncio.create_task(waiter("b", future))
        await asyncio.sleep(0)
        action(future)
        print("done:", future.done(), "cancelled:", future.cancelled())
        try:
            future.set_result(2)
        except asyncio.InvalidStateError:
            print("it takes no second result")
        print("cancel:", future.cancel())
        await asyncio.gather(a, b)


virtual_loop.run(main())
