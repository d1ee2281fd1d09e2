# Python: 3.11
# Designed difference: a job in a thread is waited for, also by a task that was cancelled, and its result is delivered.
import asyncio
import threading

started = threading.Event()
gate = threading.Event()
finished = threading.Event()


def job():
    print("the job runs")
    started.set()
    gate.wait()
    print("the job returns")
    finished.set()
    return 42


async def worker():
    try:
        print("result", await asyncio.to_thread(job))
    finally:
        print("the worker ends")


async def main():
    task = asyncio.create_task(worker())
    while not started.is_set():
        await asyncio.sleep(0)
    print("cancel:", task.cancel())
    for _ in range(5):
        await asyncio.sleep(0)
    print("done:", task.done())
    print("main lets the job go on")
    gate.set()
    while not finished.is_set():
        await asyncio.sleep(0)
    await asyncio.wait([task])
    print("cancelled:", task.cancelled())


asyncio.run(main())
