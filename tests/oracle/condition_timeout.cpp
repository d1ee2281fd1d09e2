// A wait for a condition whose time is up holds the lock again before the TimeoutError comes, however long that takes.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

using namespace oracle;

namespace {

eddy::Task<> waiter(std::string name, eddy::Condition& condition, std::chrono::seconds limit) {
  {
    auto guard = co_await condition.scoped();
    trace(name, "waits");
    try {
      co_await eddy::wait_for(condition.wait(), limit);
      trace(name, "was notified");
    } catch (const eddy::TimeoutError&) {
      trace(name, "timed out, locked:", condition.locked());
    }
  }
  trace(name, "ends");
}

eddy::Task<> async_main() {
  eddy::Condition condition;
  const auto a = eddy::create_task(waiter("a", condition, 2s));
  const auto b = eddy::create_task(waiter("b", condition, 9s));
  co_await eddy::sleep(1s);
  {
    auto guard = co_await condition.scoped();
    trace("main holds the lock");
    co_await eddy::sleep(3s);
    trace("a's time is up, it has not ended:", !a.done());
    condition.notify();
    trace("notified one");
  }
  co_await eddy::gather(a, b);
  trace("locked:", condition.locked());
}

}  // namespace

ORACLE_MAIN(async_main)
