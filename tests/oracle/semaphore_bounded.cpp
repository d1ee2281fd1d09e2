// A bounded semaphore refuses to be released more often than it was acquired, also while others wait or have just run.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

using namespace oracle;

namespace {

void release(eddy::BoundedSemaphore& semaphore) {
  try {
    semaphore.release();
    trace("released");
  } catch (const eddy::OverReleaseError&) {
    trace("one release too many");
  }
}

eddy::Task<> worker(std::string name, eddy::BoundedSemaphore& semaphore) {
  auto permit = co_await semaphore.scoped();
  trace(name, "in");
  co_await eddy::yield();
  trace(name, "out");
}

eddy::Task<> async_main() {
  eddy::BoundedSemaphore semaphore(1);
  release(semaphore);
  co_await semaphore.acquire();
  const auto a = eddy::create_task(worker("a", semaphore));
  const auto b = eddy::create_task(worker("b", semaphore));
  co_await eddy::yield();
  trace("main has had it");
  release(semaphore);
  co_await eddy::yield();
  trace("a turn later");
  co_await eddy::gather(a, b);
  release(semaphore);
  co_await semaphore.acquire();
  release(semaphore);
}

}  // namespace

ORACLE_MAIN(async_main)
