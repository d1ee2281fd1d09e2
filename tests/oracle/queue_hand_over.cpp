// Getters that wait are served in the order in which they came, in the turn after the put.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

using namespace oracle;

namespace {

eddy::Task<> getter(std::string name, eddy::Queue<int>& queue) {
  trace(name, "waits");
  trace(name, "got", co_await queue.get());
  co_await eddy::sleep(1s);
  trace(name, "waits again");
  trace(name, "got", co_await queue.get(), "too");
}

eddy::Task<> async_main() {
  eddy::Queue<int> queue;
  const auto a = eddy::create_task(getter("a", queue));
  const auto b = eddy::create_task(getter("b", queue));
  const auto c = eddy::create_task(getter("c", queue));
  co_await eddy::yield();
  for (int item = 0; item < 2; ++item) {
    queue.put_nowait(item);
    trace("put", item);
  }
  co_await eddy::yield();
  trace("a turn later");
  for (int item = 2; item < 6; ++item) {
    co_await queue.put(item);
    trace("put", item);
    if (item == 2) co_await eddy::sleep(2s);
  }
  co_await eddy::gather(a, b, c);
  trace("left:", queue.qsize());
}

}  // namespace

ORACLE_MAIN(async_main)
