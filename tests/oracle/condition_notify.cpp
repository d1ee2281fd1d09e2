// notify wakes as many as it is told, the oldest first; they go on once the notifier has released the lock.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

#include <vector>

using namespace oracle;

namespace {

eddy::Task<> waiter(std::string name, eddy::Condition& condition) {
  auto guard = co_await condition.scoped();
  trace(name, "waits");
  co_await condition.wait();
  trace(name, "goes on");
  co_await eddy::sleep(1s);
  trace(name, "releases");
}

eddy::Task<> async_main() {
  eddy::Condition condition;
  std::vector<eddy::TaskHandle<>> tasks;
  for (const char* name : {"a", "b", "c", "d"}) tasks.push_back(eddy::create_task(waiter(name, condition)));
  co_await eddy::sleep(1s);
  {
    auto guard = co_await condition.scoped();
    condition.notify();
    trace("notified one");
    co_await eddy::sleep(1s);
    trace("main releases");
  }
  co_await eddy::sleep(3s);
  {
    auto guard = co_await condition.scoped();
    condition.notify_all();
    trace("notified all");
  }
  co_await eddy::gather(tasks);
  try {
    condition.notify();
  } catch (const eddy::RuntimeError&) {
    trace("notify without the lock is an error");
  }
}

}  // namespace

ORACLE_MAIN(async_main)
