// Designed difference: who is cancelled after he was handed the permit has it, and is stopped at his next wait.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

#include <vector>

using namespace oracle;

namespace {

struct Ends {
  const std::string& name;
  ~Ends() { trace(name, "ends"); }
};

eddy::Task<> worker(std::string name, eddy::Semaphore& semaphore) {
  const Ends ends{name};
  auto permit = co_await semaphore.scoped();
  trace(name, "has the permit");
  co_await eddy::sleep(1s);
  trace(name, "goes on");
}

eddy::Task<> async_main() {
  eddy::Semaphore semaphore(1);
  co_await semaphore.acquire();
  auto a = eddy::create_task(worker("a", semaphore));
  auto b = eddy::create_task(worker("b", semaphore));
  co_await eddy::yield();
  semaphore.release();
  a.cancel();
  trace("released, and cancelled a");
  const std::vector only_a{a};
  co_await eddy::wait(only_a);
  trace("a is cancelled:", a.cancelled());
  co_await b;
  trace("locked:", semaphore.locked());
}

}  // namespace

ORACLE_MAIN(async_main)
