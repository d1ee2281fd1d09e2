// wait_for cancels the work when the time is up, and waits until its cleanup is done, however long that takes.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

using namespace oracle;

namespace {

eddy::Task<std::string> body(std::string name, std::chrono::seconds delay) {
  co_await eddy::sleep(delay);
  trace(name, "is done");
  co_return name;
}

eddy::Task<> cleanup(std::string name) {
  trace(name, "cleans up");
  co_await eddy::sleep(2s);
  trace(name, "has cleaned up");
}

eddy::Task<std::string> work(std::string name, std::chrono::seconds delay) {
  co_return co_await eddy::try_finally(body(name, delay), cleanup(name));
}

eddy::Task<> ticker() {
  for (int second = 1; second < 8; ++second) {
    co_await eddy::sleep(1s);
    trace(second);
  }
}

eddy::Task<> async_main() {
  const auto ticks = eddy::create_task(ticker());
  co_await eddy::sleep(500ms);
  try {
    co_await eddy::wait_for(work("a", 9s), 1s);
  } catch (const eddy::TimeoutError&) {
    trace("a timed out");
  }
  trace("result", co_await eddy::wait_for(work("b", 1s), 9s));
  co_await ticks;
}

}  // namespace

ORACLE_MAIN(async_main)
