# Python: 3.11
# A waiter that awaits a future through a shield can be cancelled, and the future and those who await it are not.
import asyncio

import virtual_loop


async def waiter(name, awaitable):
    try:
        print(name, "waits")
        print(name, "got", await awaitable)
    finally:
        print(name, "ends")


async def main():
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    future.add_done_callback(lambda f: print("the future is done, cancelled:", f.cancelled()))
    a = asyncio.create_task(waiter("a", asyncio.shield(future)))
    b = asyncio.create_task(waiter("b", future))
    await asyncio.sleep(0)
    a.cancel()
    print("cancelled a")
    await asyncio.wait([a])
    print("the future is done:", future.done())
    future.set_result(1)
    print("set")
    await b
    print(a.cancelled(), b.cancelled())


virtual_loop.run(main())
