# Python: 3.11
# Jobs in threads end in their own order; the loop goes on meanwhile, and who awaits a job gets its result or error.
import asyncio
import threading


def job(name, gate):
    gate.wait()
    if name == "c":
        raise ValueError(name)
    return name


async def waiter(name, gate):
    print(name, "starts")
    try:
        print(name, "returned", await asyncio.to_thread(job, name, gate))
    except ValueError as error:
        print(name, "raised", str(error))


async def main():
    gates = [threading.Event() for _ in range(3)]
    tasks = [asyncio.create_task(waiter(name, gate)) for name, gate in zip("abc", gates)]
    await asyncio.sleep(0)
    print("the loop goes on")
    for index in (1, 2, 0):
        print("open gate", index)
        gates[index].set()
        await tasks[index]
    print("main ends")


asyncio.run(main())
