# Python: 3.11
# A callback can take back another one that is in the same pass, and a timer that is due at the same moment.
import asyncio

import virtual_loop


async def main():
    loop = asyncio.get_running_loop()
    handles = {}

    def cancel(name, other):
        print(name, "cancels", other)
        handles[other].cancel()

    handles["a"] = loop.call_soon(cancel, "a", "c")
    handles["b"] = loop.call_soon(print, "b runs")
    handles["c"] = loop.call_soon(print, "c runs")
    handles["d"] = loop.call_soon(cancel, "d", "b")
    await asyncio.sleep(0)
    print("cancelled:", *(handles[name].cancelled() for name in "acd"))
    handles["e"] = loop.call_later(1, cancel, "e", "f")
    handles["f"] = loop.call_later(1, print, "f runs")
    handles["g"] = loop.call_later(1, cancel, "g", "h")
    handles["h"] = loop.call_later(2, print, "h runs")
    await asyncio.sleep(3)
    print("cancelled:", *(handles[name].cancelled() for name in "efgh"))


virtual_loop.run(main())
