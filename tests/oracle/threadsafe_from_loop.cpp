// call_soon_threadsafe on the loop's own thread puts the callback into the same queue as call_soon.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

using namespace oracle;

namespace {

eddy::Task<> child() {
  trace("the task");
  co_return;
}

eddy::Task<> async_main() {
  eddy::EventLoop& loop = eddy::get_running_loop();
  loop.call_soon([] { trace("1, soon"); });
  loop.call_soon_threadsafe([] { trace("2, threadsafe"); });
  loop.call_soon([] { trace("3, soon"); });
  const auto task = eddy::create_task(child());
  loop.call_soon_threadsafe([] { trace("4, threadsafe"); });
  trace("all are queued");
  co_await eddy::yield();
  trace("main has had a turn");
  co_await task;
}

}  // namespace

ORACLE_MAIN(async_main)
