# Python: 3.11
# Done callbacks and waiters are told in the order in which they came, a turn after the end; late ones a turn later.
import asyncio

import virtual_loop


async def child():
    await asyncio.sleep(1)
    print("child ends")
    return 42


async def waiter(name, task):
    print(name, "waits")
    print(name, "got", await task)


async def main():
    loop = asyncio.get_running_loop()
    task = asyncio.create_task(child())
    task.add_done_callback(lambda t: print("callback 1", t.result()))
    a = asyncio.create_task(waiter("a", task))
    await asyncio.sleep(0)

    def late(t):
        print("callback 2")
        t.add_done_callback(lambda _: print("callback 4, added by 2"))
        loop.call_soon(print, "callback 5, from call_soon")

    task.add_done_callback(late)
    b = asyncio.create_task(waiter("b", task))
    await asyncio.sleep(0)
    task.add_done_callback(lambda _: print("callback 3"))
    await asyncio.gather(a, b)
    task.add_done_callback(lambda _: print("callback 6, to a task that is done"))
    print("main has added it")
    await asyncio.sleep(0)
    print("main ends")


virtual_loop.run(main())
