// A waiter that is cancelled holds the lock again before its cleanup runs, and leaves the notification to the others.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

#include <vector>

using namespace oracle;

namespace {

struct Cleanup {
  const std::string& name;
  const eddy::Condition& condition;
  ~Cleanup() { trace(name, "cleans up, locked:", condition.locked()); }
};

eddy::Task<> waiter(std::string name, eddy::Condition& condition) {
  {
    auto guard = co_await condition.scoped();
    const Cleanup cleanup{name, condition};
    trace(name, "waits");
    co_await condition.wait();
    trace(name, "was notified");
  }
  trace(name, "ends");
}

eddy::Task<> async_main() {
  eddy::Condition condition;
  auto a = eddy::create_task(waiter("a", condition));
  auto b = eddy::create_task(waiter("b", condition));
  co_await eddy::sleep(1s);
  {
    auto guard = co_await condition.scoped();
    trace("main holds the lock");
    a.cancel();
    co_await eddy::sleep(1s);
    trace("a has not ended:", !a.done());
    condition.notify();
    trace("notified one");
    co_await eddy::sleep(1s);
    trace("main releases");
  }
  const std::vector tasks{a, b};
  co_await eddy::wait(tasks);
  trace(a.cancelled(), b.cancelled(), condition.locked());
}

}  // namespace

ORACLE_MAIN(async_main)
