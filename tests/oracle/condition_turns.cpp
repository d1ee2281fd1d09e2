// Designed difference: after notify_all the lock goes from one who was notified to the next, a turn for each.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

#include <vector>

using namespace oracle;

namespace {

eddy::Task<> waiter(std::string name, eddy::Condition& condition) {
  auto guard = co_await condition.scoped();
  co_await condition.wait();
  trace(name, "goes on");
}

eddy::Task<> ticker() {
  for (int turn = 0; turn < 4; ++turn) {
    trace("turn", turn);
    co_await eddy::yield();
  }
}

eddy::Task<> async_main() {
  eddy::Condition condition;
  std::vector<eddy::TaskHandle<>> tasks;
  for (const char* name : {"a", "b", "c"}) tasks.push_back(eddy::create_task(waiter(name, condition)));
  co_await eddy::yield();
  {
    auto guard = co_await condition.scoped();
    tasks.push_back(eddy::create_task(ticker()));
    condition.notify_all();
    trace("notified all");
  }
  co_await eddy::gather(tasks);
}

}  // namespace

ORACLE_MAIN(async_main)
