"""asyncio on a clock that jumps to the next deadline when nothing can run: the oracle's programs take no time.

Usage: virtual_loop.run(main()). Sleeping 3600 s takes no real time; the order of everything is asyncio's own.
"""
# SPDX-License-Identifier: MIT
import asyncio
import selectors


class JumpingSelector(selectors.DefaultSelector):
    """Instead of waiting it moves the loop's clock on."""

    now = 0.0

    def select(self, timeout=None):
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            raise RuntimeError("nothing can ever run again")
        self.now += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self):
        self.clock = JumpingSelector()
        super().__init__(self.clock)

    def time(self):
        return self.clock.now


def run(main):
    loop = VirtualLoop()
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(main)
    finally:
        pending = asyncio.all_tasks(loop)
        for task in pending:
            task.cancel()
        if pending:
            loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
        loop.close()
        asyncio.set_event_loop(None)
