"""Ten tasks, three at a time, each telling when it starts and ends."""
# SPDX-License-Identifier: MIT
import asyncio


async def task_with_semaphore(semaphore, task_id):
    async with semaphore:
        print(f"Task {task_id} started")
        await asyncio.sleep(1)
        print(f"Task {task_id} completed")


async def main():
    semaphore = asyncio.Semaphore(3)
    tasks = [task_with_semaphore(semaphore, i) for i in range(10)]
    await asyncio.gather(*tasks)


asyncio.run(main())
