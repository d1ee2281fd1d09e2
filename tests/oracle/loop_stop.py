# Python: 3.11
# stop ends the loop after the pass in which it is called; what became ready meanwhile runs when the loop is run again.
import asyncio

import virtual_loop


async def child(name):
    for turn in range(5):
        print(name, turn)
        await asyncio.sleep(0)
    return name


def stop(loop):
    print("stop")
    loop.stop()
    loop.call_soon(print, "callback, added in that pass")


tasks = []


def start(loop):
    tasks.append(loop.create_task(child("a")))
    loop.call_soon(stop, loop)
    tasks.append(loop.create_task(child("b")))
    loop.call_later(1, print, "timer")
    print("all are queued")


def main():
    loop = virtual_loop.VirtualLoop()
    loop.call_soon(start, loop)
    loop.run_forever()
    print("stopped, running:", loop.is_running())
    loop.stop()
    loop.run_forever()
    print("one pass later")
    print("result", loop.run_until_complete(tasks[0]))
    print("result", loop.run_until_complete(tasks[1]))
    loop.run_until_complete(asyncio.sleep(2))
    loop.close()
    print("closed:", loop.is_closed())


main()
