// Designed difference: a permit is the woken waiter's at once; one that is left is free for a newcomer.
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
