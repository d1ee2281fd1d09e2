// A waiter of a semaphore that is cancelled before the hand-over gives up its place and takes no permit with it.
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
  co_await semaphore.acquire();
  trace(name, "has a permit");
}

eddy::Task<> async_main() {
  eddy::Semaphore semaphore(0);
  auto a = eddy::create_task(worker("a", semaphore));
  auto b = eddy::create_task(worker("b", semaphore));
  auto c = eddy::create_task(worker("c", semaphore));
  auto d = eddy::create_task(worker("d", semaphore));
  co_await eddy::yield();
  a.cancel();
  c.cancel();
  trace("cancelled a and c");
  semaphore.release();
  trace("released once, locked:", semaphore.locked());
  co_await eddy::yield();
  trace("a turn later");
  semaphore.release();
  semaphore.release();
  trace("released twice");
  const std::vector tasks{a, b, c, d};
  co_await eddy::wait(tasks);
  trace("locked:", semaphore.locked());
  trace(a.cancelled(), b.cancelled(), c.cancelled(), d.cancelled());
}

}  // namespace

ORACLE_MAIN(async_main)
