# Python: 3.11
# What another thread posts runs in the order of its posts; a coroutine is made in its turn and starts in the next one.
import asyncio
import threading

futures = []


async def child(name):
    print("coroutine", name, "starts")
    await asyncio.sleep(0)
    print("coroutine", name, "ends")
    return name


def other_thread(loop):
    loop.call_soon_threadsafe(print, "callback 1")
    futures.append(asyncio.run_coroutine_threadsafe(child("a"), loop))
    loop.call_soon_threadsafe(print, "callback 2")
    futures.append(asyncio.run_coroutine_threadsafe(child("b"), loop))
    loop.call_soon_threadsafe(print, "callback 3")
    print("the thread has posted")


async def main():
    thread = threading.Thread(target=other_thread, args=(asyncio.get_running_loop(),))
    thread.start()
    thread.join()
    print("nothing has run yet")
    for future in futures:
        print("result", await asyncio.to_thread(future.result))
    print("main ends")


asyncio.run(main())
