// A waiter of a lock that is cancelled before the hand-over is skipped; a holder that is cancelled passes the lock on.
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
  co_await eddy::sleep(1s);
}

eddy::Task<> async_main() {
  eddy::Lock lock;
  auto a = eddy::create_task(worker("a", lock));
  auto b = eddy::create_task(worker("b", lock));
  auto c = eddy::create_task(worker("c", lock));
  auto d = eddy::create_task(worker("d", lock));
  co_await eddy::yield();
  b.cancel();
  trace("cancelled b, who waits");
  a.cancel();
  trace("cancelled a, who holds it");
  co_await eddy::yield();
  trace("a turn later");
  const std::vector only_c{c};
  co_await eddy::wait(only_c);
  d.cancel();
  trace("cancelled d, locked:", lock.locked());
  const std::vector only_d{d};
  co_await eddy::wait(only_d);
  trace("locked:", lock.locked());
}

}  // namespace

ORACLE_MAIN(async_main)
