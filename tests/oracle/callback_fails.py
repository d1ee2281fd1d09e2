# Python: 3.11
# A callback that raises goes to the loop's exception handler at once; the loop goes on with the next one.
import asyncio

import virtual_loop


def fail(name):
    print(name, "fails")
    raise ValueError(name)


async def child():
    print("child runs")
    return 1


async def main():
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: print("the handler is told of", str(context["exception"])))
    loop.call_soon(print, "callback 1")
    loop.call_soon(fail, "callback 2")
    loop.call_soon(print, "callback 3")
    task = asyncio.create_task(child())
    task.add_done_callback(lambda _: fail("done callback 1"))
    task.add_done_callback(lambda _: print("done callback 2"))
    loop.call_later(1, fail, "timer 1")
    loop.call_later(1, print, "timer 2")
    await asyncio.sleep(0)
    print("main has had a turn")
    print("result", await task)
    await asyncio.sleep(2)
    print("main ends")


virtual_loop.run(main())
