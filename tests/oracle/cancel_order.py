# Python: 3.11
# Cancelled tasks end in the order of the cancels, among callbacks and others; one that has not started never does.
import asyncio

import virtual_loop


async def sleeper(name):
    try:
        print(name, "starts")
        await asyncio.sleep(9)
    finally:
        print(name, "ends")


async def main():
    loop = asyncio.get_running_loop()
    a, b, c = (asyncio.create_task(sleeper(name)) for name in "abc")
    await asyncio.sleep(1)
    for task in (a, b, c):
        task.add_done_callback(lambda t: print("done callback, cancelled:", t.cancelled()))
    late = asyncio.create_task(sleeper("late"))
    loop.call_soon(print, "callback 1")
    c.cancel()
    loop.call_soon(print, "callback 2")
    a.cancel()
    print("cancel:", late.cancel(), c.cancel())
    b.cancel()
    print("all are cancelled, none has ended:", not c.done())
    await asyncio.sleep(0)
    print("a turn later", a.done(), b.done(), c.done(), late.done())
    await asyncio.sleep(0)
    print("cancel:", a.cancel(), "cancelling:", a.cancelling(), b.cancelling(), c.cancelling())


virtual_loop.run(main())
