# Python: 3.11
# Timers run by their deadlines and at the same deadline in the order of the calls; a past deadline is the next pass.
import asyncio

import virtual_loop


async def main():
    loop = asyncio.get_running_loop()
    start = loop.time()

    def callback(name):
        print("at", int(loop.time() - start), name)

    loop.call_later(2, callback, "two, first")
    loop.call_later(1, callback, "one, first")
    two = loop.call_later(2, callback, "two, cancelled")
    loop.call_at(start + 2, callback, "two, last")
    one = loop.call_at(start + 1, callback, "one, cancelled")
    loop.call_later(0, callback, "zero")
    loop.call_at(start - 1, callback, "past")
    loop.call_soon(callback, "soon")
    one.cancel()
    print("queued, for", int(one.when() - start), "and", int(two.when() - start))
    await asyncio.sleep(0)
    callback("a turn later")
    await asyncio.sleep(1)
    callback("main sleeps on")
    two.cancel()
    loop.call_later(1, callback, "two, after all others")
    await asyncio.sleep(1)
    callback("main wakes")
    await asyncio.sleep(1)
    callback("main ends")


virtual_loop.run(main())
