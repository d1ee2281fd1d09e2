// A getter that is cancelled while it waits leaves the queue; the items go to those behind it, in their order.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

#include <vector>

using namespace oracle;

namespace {

struct Leaves {
  const std::string& name;
  ~Leaves() { trace(name, "leaves"); }
};

eddy::Task<> getter(std::string name, eddy::Queue<int>& queue) {
  trace(name, "waits");
  const Leaves leaves{name};
  trace(name, "got", co_await queue.get());
}

eddy::Task<> async_main() {
  eddy::Queue<int> queue;
  auto a = eddy::create_task(getter("a", queue));
  auto b = eddy::create_task(getter("b", queue));
  auto c = eddy::create_task(getter("c", queue));
  co_await eddy::sleep(1s);
  trace("cancel b:", b.cancel());
  trace("cancel a:", a.cancel());
  co_await queue.put(1);
  trace("put 1");
  const std::vector tasks{a, b, c};
  co_await eddy::wait(tasks);
  trace(a.cancelled(), b.cancelled(), c.cancelled());
  co_await queue.put(2);
  trace("main gets", co_await queue.get());
}

}  // namespace

ORACLE_MAIN(async_main)
