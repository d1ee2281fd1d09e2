// A putter that is cancelled while it waits leaves nothing in the queue; those behind it keep their order.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

#include <vector>

using namespace oracle;

namespace {

struct Leaves {
  int item;
  ~Leaves() { trace("putter", item, "leaves"); }
};

eddy::Task<> putter(int item, eddy::Queue<int>& queue) {
  const Leaves leaves{item};
  co_await queue.put(item);
  trace("put", item);
}

eddy::Task<> async_main() {
  eddy::Queue<int> queue(1);
  std::vector<eddy::TaskHandle<>> tasks;
  for (int item = 0; item < 4; ++item) tasks.push_back(eddy::create_task(putter(item, queue)));
  co_await eddy::sleep(1s);
  trace("cancel 1:", tasks[1].cancel());
  co_await eddy::sleep(1s);
  while (!queue.empty()) {
    trace("got", queue.get_nowait(), "of", queue.maxsize());
    co_await eddy::sleep(1s);
  }
  co_await eddy::gather(eddy::return_exceptions, tasks);
  trace("cancelled:", tasks[0].cancelled(), tasks[1].cancelled(), tasks[2].cancelled(), tasks[3].cancelled());
}

}  // namespace

ORACLE_MAIN(async_main)
