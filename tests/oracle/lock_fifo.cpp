// A lock goes from one waiter to the next in the order in which they asked; who has just released it stands last.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

using namespace oracle;

namespace {

eddy::Task<> worker(std::string name, eddy::Lock& lock) {
  for (int round = 0; round < 2; ++round) {
    trace(name, "asks", round);
    {
      auto guard = co_await lock.scoped();
      trace(name, "holds", round);
      co_await eddy::sleep(name == "a" ? 1s : 0s);
    }
    trace(name, "has released", round);
  }
}

eddy::Task<> async_main() {
  eddy::Lock lock;
  const auto a = eddy::create_task(worker("a", lock));
  const auto b = eddy::create_task(worker("b", lock));
  const auto c = eddy::create_task(worker("c", lock));
  co_await eddy::gather(a, b, c);
  trace("locked:", lock.locked());
}

}  // namespace

ORACLE_MAIN(async_main)
