# Python: 3.11
# A done callback can be taken back until the future is done; then it is queued, and runs although another removes it.
import asyncio

import virtual_loop


async def main():
    future = asyncio.get_running_loop().create_future()

    def second(_):
        print("second")

    def third(_):
        print("third")

    def first(_):
        print("first; removed the second:", future.remove_done_callback(second) > 0)

    def fourth(_):
        print("fourth")

    for callback in (first, second, third, fourth):
        future.add_done_callback(callback)
    print("removed the third:", future.remove_done_callback(third) > 0)
    print("and once more:", future.remove_done_callback(third) > 0)
    future.set_result(1)
    print("set; removed the fourth:", future.remove_done_callback(fourth) > 0)
    future.add_done_callback(third)
    await future
    print("main goes on, without waiting")
    await asyncio.sleep(0)
    print("main ends")


virtual_loop.run(main())
