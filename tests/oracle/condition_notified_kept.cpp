// Designed difference: who is cancelled after he was notified goes on with the lock, and is stopped at his next wait.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

#include <vector>

using namespace oracle;

namespace {

struct Releases {
  const std::string& name;
  ~Releases() { trace(name, "releases the lock"); }
};

eddy::Task<> waiter(std::string name, eddy::Condition& condition) {
  auto guard = co_await condition.scoped();
  const Releases releases{name};
  co_await condition.wait();
  trace(name, "was notified");
  co_await eddy::sleep(1s);
  trace(name, "goes on");
}

eddy::Task<> async_main() {
  eddy::Condition condition;
  auto a = eddy::create_task(waiter("a", condition));
  auto b = eddy::create_task(waiter("b", condition));
  co_await eddy::yield();
  {
    auto guard = co_await condition.scoped();
    condition.notify_all();
    a.cancel();
    trace("notified both, and cancelled a");
  }
  const std::vector tasks{a, b};
  co_await eddy::wait(tasks);
  trace("cancelled:", a.cancelled(), b.cancelled());
}

}  // namespace

ORACLE_MAIN(async_main)
