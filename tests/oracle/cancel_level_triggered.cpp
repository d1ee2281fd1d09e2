// Designed difference: a cancel stays in force. A protected part is completed; the first wait after it ends the task.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

#include <vector>

using namespace oracle;

namespace {

eddy::Task<> commit() {
  trace("commit begins");
  co_await eddy::sleep(2s);
  trace("commit ends");
}

struct WorkerEnds {
  ~WorkerEnds() { trace("the worker ends"); }
};

eddy::Task<> worker(eddy::Queue<int>& queue) {
  const WorkerEnds ends;
  co_await eddy::uncancellable(commit());
  trace("item", co_await queue.get(), "was there");
  trace("item", co_await queue.get(), "had to be waited for");
  trace("the worker goes on");
}

eddy::Task<> async_main() {
  eddy::Queue<int> queue;
  auto task = eddy::create_task(worker(queue));
  co_await eddy::sleep(1s);
  task.cancel();
  trace("cancelled the worker");
  queue.put_nowait(1);
  eddy::get_running_loop().call_later(5s, [&queue] { queue.put_nowait(2); });
  const std::vector only_task{task};
  co_await eddy::wait(only_task);
  trace("cancelled:", task.cancelled(), "cancelling:", task.cancelling());
}

}  // namespace

ORACLE_MAIN(async_main)
