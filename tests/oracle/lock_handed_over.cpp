// Designed difference: a released lock is locked by the waiter that it wakes, at once; as in asyncio nobody else gets it.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

using namespace oracle;

namespace {

eddy::Task<> worker(std::string name, eddy::Lock& lock) {
  auto guard = co_await lock.scoped();
  trace(name, "holds the lock");
}

eddy::Task<> async_main() {
  eddy::Lock lock;
  co_await lock.acquire();
  const auto a = eddy::create_task(worker("a", lock));
  co_await eddy::yield();
  lock.release();
  trace("released, locked:", lock.locked());
  const auto b = eddy::create_task(worker("b", lock));
  {
    auto guard = co_await lock.scoped();
    trace("main holds the lock");
  }
  co_await eddy::gather(a, b);
  trace("locked:", lock.locked());
}

}  // namespace

ORACLE_MAIN(async_main)
