// shutdown(immediate=True) drops the items and ends join and every getter, in the order in which they wait.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

using namespace oracle;

namespace {

eddy::Task<> getter(std::string name, eddy::Queue<int>& queue) {
  try {
    trace(name, "got", co_await queue.get());
  } catch (const eddy::QueueShutDown&) {
    trace(name, "sees the end");
  }
}

eddy::Task<> joiner(eddy::Queue<int>& queue) {
  co_await queue.join();
  trace("joined");
}

eddy::Task<> async_main() {
  eddy::Queue<int> empty;
  eddy::Queue<int> full;
  full.put_nowait(1);
  full.put_nowait(2);
  const auto a = eddy::create_task(getter("a", empty));
  const auto b = eddy::create_task(getter("b", empty));
  const auto join = eddy::create_task(joiner(full));
  co_await eddy::yield();
  empty.shutdown();
  trace("shut down the empty one");
  full.shutdown(true);
  trace("shut down the full one:", full.qsize(), "items");
  const auto c = eddy::create_task(getter("c", full));
  co_await eddy::gather(a, b, join, c);
  try {
    full.put_nowait(3);
  } catch (const eddy::QueueShutDown&) {
    trace("nothing can be put");
  }
}

}  // namespace

ORACLE_MAIN(async_main)
