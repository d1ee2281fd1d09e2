# Python: 3.11
# put_nowait and get_nowait never wait: a full or an empty queue is an error. Whom they wake has his turn later.
import asyncio

import virtual_loop


def put(queue, item):
    try:
        queue.put_nowait(item)
        print("put", item)
    except asyncio.QueueFull:
        print("no room for", item)


def get(queue):
    try:
        print("got", queue.get_nowait())
    except asyncio.QueueEmpty:
        print("nothing to get")


async def putter(queue, item):
    print("putter waits with", item)
    await queue.put(item)
    print("putter has put", item)


async def main():
    queue = asyncio.Queue(2)
    get(queue)
    for item in (1, 2, 3):
        put(queue, item)
    task = asyncio.create_task(putter(queue, 4))
    await asyncio.sleep(0)
    get(queue)
    print("the putter has not run:", not task.done())
    await asyncio.sleep(0)
    print("the putter has run:", task.done())
    put(queue, 5)
    for _ in range(3):
        get(queue)


virtual_loop.run(main())
