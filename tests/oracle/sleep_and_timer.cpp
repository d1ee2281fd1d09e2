// Designed difference: at one deadline those who sleep run with the callbacks, in the order of the calls, not a pass later.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

using namespace oracle;

namespace {

eddy::Task<> sleeper() {
  co_await eddy::sleep(1s);
  trace("the sleeper wakes");
  co_await eddy::yield();
  trace("the sleeper goes on");
}

eddy::Task<> async_main() {
  eddy::EventLoop& loop = eddy::get_running_loop();
  const auto task = eddy::create_task(sleeper());
  co_await eddy::yield();

  const auto callback = [&loop] {
    trace("the callback");
    loop.call_soon([] { trace("what the callback added"); });
  };

  loop.call_later(1s, callback);
  co_await task;
}

}  // namespace

ORACLE_MAIN(async_main)
