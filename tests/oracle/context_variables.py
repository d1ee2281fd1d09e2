# Python: 3.11
# A task starts with a copy of its creator's context; what it sets is seen by what it awaits, not by its creator.
import asyncio
import contextvars

import virtual_loop


user = contextvars.ContextVar("user", default="nobody")


def show(where):
    print(where, "sees", user.get())


async def helper(name):
    show("helper of " + name)
    user.set("helper of " + name)


async def child(name, delay):
    show(name)
    user.set(name)
    await asyncio.sleep(delay)
    show(name)
    await helper(name)
    show(name)


async def main():
    loop = asyncio.get_running_loop()
    show("main")
    before = asyncio.create_task(child("before", 2))
    token = user.set("main")
    loop.call_soon(show, "callback")
    after = asyncio.create_task(child("after", 1))
    user.set("main again")
    loop.call_later(3, show, "late callback")
    await asyncio.sleep(0)
    show("main")
    user.reset(token)
    show("main")
    await before
    await after
    await helper("main")
    show("main")
    await asyncio.gather(child("gathered", 2))
    show("main")


virtual_loop.run(main())
