# Python: 3.11
# A cancel goes down a chain of awaited coroutines and tasks to what waits, and the chain is left from there upwards.
import asyncio

import virtual_loop


async def leaf():
    try:
        print("leaf waits")
        await asyncio.sleep(9)
    finally:
        print("left leaf")


async def lower():
    try:
        await leaf()
    finally:
        print("left lower")


async def middle():
    task = asyncio.create_task(lower())
    try:
        await task
    finally:
        print("left middle, lower cancelled:", task.cancelled())


async def upper():
    try:
        await middle()
    finally:
        print("left upper")


async def top():
    try:
        await asyncio.create_task(upper())
    finally:
        print("left top")


async def bystander():
    for turn in range(4):
        print("bystander", turn)
        await asyncio.sleep(0)


async def main():
    task = asyncio.create_task(top())
    await asyncio.sleep(1)
    bystanding = asyncio.create_task(bystander())
    task.cancel()
    print("cancelled")
    try:
        await task
    except asyncio.CancelledError:
        print("main: top was cancelled")
    await bystanding


virtual_loop.run(main())
