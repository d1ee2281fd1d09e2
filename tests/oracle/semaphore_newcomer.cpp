// Two permits are released and one waiter is woken: a newcomer waits for his turn behind it, though a permit is left.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

using namespace oracle;

namespace {

eddy::Task<> worker(std::string name, eddy::Semaphore& semaphore) {
  trace(name, "asks, locked:", semaphore.locked());
  co_await semaphore.acquire();
  trace(name, "has a permit");
}

eddy::Task<> async_main() {
  eddy::Semaphore semaphore(0);
  const auto a = eddy::create_task(worker("a", semaphore));
  co_await eddy::yield();
  semaphore.release();
  semaphore.release();
  trace("released twice");
  co_await worker("main", semaphore);
  co_await a;
}

}  // namespace

ORACLE_MAIN(async_main)
