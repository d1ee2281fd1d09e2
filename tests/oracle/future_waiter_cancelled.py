# Python: 3.11
# A cancelled waiter cancels the future that it awaits, and with it all others who do; they end in their order.
import asyncio

import virtual_loop


async def waiter(name, future):
    try:
        print(name, "waits")
        print(name, "got", await future)
    finally:
        print(name, "ends")


async def main():
    future = asyncio.get_running_loop().create_future()
    future.add_done_callback(lambda f: print("the future is done, cancelled:", f.cancelled()))
    a, b, c = (asyncio.create_task(waiter(name, future)) for name in "abc")
    await asyncio.sleep(0)
    b.cancel()
    print("cancelled b")
    await asyncio.wait([a, b, c])
    print(a.cancelled(), b.cancelled(), c.cancelled())


virtual_loop.run(main())
