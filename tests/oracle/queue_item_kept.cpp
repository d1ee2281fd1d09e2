// Designed difference: a getter that is cancelled after it was woken keeps its item; asyncio wakes the next getter.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

#include <vector>

using namespace oracle;

namespace {

struct Ends {
  const std::string& name;
  ~Ends() { trace(name, "ends"); }
};

eddy::Task<> getter(std::string name, eddy::Queue<int>& queue) {
  const Ends ends{name};
  trace(name, "got", co_await queue.get());
  co_await eddy::yield();
  trace(name, "goes on");
}

eddy::Task<> async_main() {
  eddy::Queue<int> queue;
  auto a = eddy::create_task(getter("a", queue));
  auto b = eddy::create_task(getter("b", queue));
  co_await eddy::yield();
  queue.put_nowait(1);
  a.cancel();
  trace("put 1, and cancelled a");
  const std::vector only_a{a};
  co_await eddy::wait(only_a);
  trace("a is cancelled:", a.cancelled());
  queue.put_nowait(2);
  trace("put 2");
  co_await b;
  trace("left:", queue.qsize());
}

}  // namespace

ORACLE_MAIN(async_main)
