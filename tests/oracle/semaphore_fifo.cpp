// A semaphore serves its waiters in the order in which they came, and a release wakes them in the next turn.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

using namespace oracle;

namespace {

eddy::Task<> worker(std::string name, eddy::Semaphore& semaphore, std::chrono::seconds delay) {
  trace(name, "asks", semaphore.locked() ? "(locked)" : "(free)");
  {
    auto permit = co_await semaphore.scoped();
    trace(name, "in");
    co_await eddy::sleep(delay);
    trace(name, "out");
  }
  trace(name, "has given it back");
}

eddy::Task<> async_main() {
  eddy::Semaphore semaphore(2);
  const auto a = eddy::create_task(worker("a", semaphore, 3s));
  const auto b = eddy::create_task(worker("b", semaphore, 1s));
  const auto c = eddy::create_task(worker("c", semaphore, 1s));
  const auto d = eddy::create_task(worker("d", semaphore, 2s));
  co_await eddy::gather(a, b, c, d);
  trace("locked:", semaphore.locked());
}

}  // namespace

ORACLE_MAIN(async_main)
