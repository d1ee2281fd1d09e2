// Designed difference: a notified task queues for the lock when it is notified, not in its own turn.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

using namespace oracle;

namespace {

eddy::Task<> waiter(std::string name, eddy::Condition& condition) {
  auto guard = co_await condition.scoped();
  co_await condition.wait();
  trace(name, "was notified and holds the lock");
}

eddy::Task<> other(eddy::Condition& condition) {
  trace("the other one asks for the lock");
  auto guard = co_await condition.scoped();
  trace("the other one holds the lock");
}

eddy::Task<> async_main() {
  eddy::Condition condition;
  const auto a = eddy::create_task(waiter("a", condition));
  co_await eddy::yield();
  eddy::TaskHandle<> b;
  {
    auto guard = co_await condition.scoped();
    b = eddy::create_task(other(condition));
    condition.notify();
    trace("notified");
    co_await eddy::yield();
    trace("main releases");
  }
  co_await eddy::gather(a, b);
}

}  // namespace

ORACLE_MAIN(async_main)
