// Designed difference: who is cancelled after he was handed the lock holds it, and is stopped at his next wait.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

#include <vector>

using namespace oracle;

namespace {

struct Ends {
  const std::string& name;
  ~Ends() { trace(name, "ends"); }
};

eddy::Task<> worker(std::string name, eddy::Lock& lock) {
  const Ends ends{name};
  auto guard = co_await lock.scoped();
  trace(name, "holds the lock");
  co_await eddy::yield();
  trace(name, "goes on");
}

eddy::Task<> async_main() {
  eddy::Lock lock;
  co_await lock.acquire();
  auto a = eddy::create_task(worker("a", lock));
  auto b = eddy::create_task(worker("b", lock));
  co_await eddy::yield();
  lock.release();
  a.cancel();
  trace("released, and cancelled a");
  {
    auto guard = co_await lock.scoped();
    trace("main holds the lock");
  }
  const std::vector tasks{a, b};
  co_await eddy::wait(tasks);
  trace(a.cancelled(), b.cancelled());
}

}  // namespace

ORACLE_MAIN(async_main)
