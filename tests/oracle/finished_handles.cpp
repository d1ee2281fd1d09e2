// Designed difference: wait, gather and as_completed of what has ended already go on without a turn; asyncio takes one.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

#include <vector>

using namespace oracle;

namespace {

eddy::Task<int> quick() { co_return 1; }

eddy::Task<> async_main() {
  eddy::EventLoop& loop = eddy::get_running_loop();
  auto task = eddy::create_task(quick());
  co_await task;
  const std::vector<eddy::TaskHandle<int>> tasks{task};
  loop.call_soon([] { trace("callback 1"); });
  co_await eddy::wait(tasks);
  trace("waited");
  co_await eddy::yield();
  loop.call_soon([] { trace("callback 2"); });
  co_await eddy::gather(task);
  trace("gathered");
  co_await eddy::yield();
  loop.call_soon([] { trace("callback 3"); });
  auto order = eddy::as_completed(tasks);
  while (auto earliest = co_await order.next()) trace("as_completed");
  co_await eddy::yield();
}

}  // namespace

ORACLE_MAIN(async_main)
