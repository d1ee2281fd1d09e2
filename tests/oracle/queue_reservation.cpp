// Designed difference: an item is reserved for the getter that it woke, so get_nowait cannot take it.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

using namespace oracle;

namespace {

eddy::Task<> getter(std::string name, eddy::Queue<int>& queue) {
  trace(name, "asks");
  trace(name, "got", co_await queue.get());
}

eddy::Task<> async_main() {
  eddy::Queue<int> queue;
  const auto a = eddy::create_task(getter("a", queue));
  const auto b = eddy::create_task(getter("b", queue));
  co_await eddy::yield();
  queue.put_nowait(1);
  trace("put 1, which wakes a");
  try {
    trace("main got", queue.get_nowait());
  } catch (const eddy::QueueEmpty&) {
    trace("main got nothing");
  }
  co_await eddy::yield();
  queue.put_nowait(2);
  trace("put 2");
  co_await eddy::yield();
  queue.put_nowait(3);
  trace("put 3");
  co_await eddy::gather(a, b);
  trace("left:", queue.qsize());
}

}  // namespace

ORACLE_MAIN(async_main)
