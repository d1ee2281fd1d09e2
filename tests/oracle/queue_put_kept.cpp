// Designed difference: a putter that is cancelled after a slot was given to it has put its item; asyncio drops it.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

#include <vector>

using namespace oracle;

namespace {

struct Ends {
  int item;
  ~Ends() { trace("the putter of", item, "ends"); }
};

eddy::Task<> putter(int item, eddy::Queue<int>& queue) {
  const Ends ends{item};
  co_await queue.put(item);
  trace("put", item);
  co_await eddy::sleep(1s);
  trace("the putter of", item, "goes on");
}

eddy::Task<> async_main() {
  eddy::Queue<int> queue(1);
  queue.put_nowait(0);
  auto a = eddy::create_task(putter(1, queue));
  const auto b = eddy::create_task(putter(2, queue));
  co_await eddy::yield();
  trace("got", queue.get_nowait());
  a.cancel();
  trace("cancelled the putter of 1");
  const std::vector only_a{a};
  co_await eddy::wait(only_a);
  trace("cancelled:", a.cancelled());
  trace("got", co_await queue.get());
  co_await b;
  trace("left:", queue.qsize());
}

}  // namespace

ORACLE_MAIN(async_main)
