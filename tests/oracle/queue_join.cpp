// join ends in the turn after the last task_done, not when the queue is empty; then the idle workers are cancelled.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

using namespace oracle;

namespace {

struct Ends {
  const std::string& name;
  ~Ends() { trace(name, "ends"); }
};

eddy::Task<> worker(std::string name, eddy::Queue<int>& queue) {
  const Ends ends{name};
  for (;;) {
    const int item = co_await queue.get();
    trace(name, "takes", item);
    co_await eddy::sleep(std::chrono::seconds(item));
    queue.task_done();
    trace(name, "has done", item);
  }
}

eddy::Task<> async_main() {
  eddy::Queue<int> queue;
  for (const int item : {3, 1, 1, 2}) co_await queue.put(item);
  auto a = eddy::create_task(worker("a", queue));
  auto b = eddy::create_task(worker("b", queue));
  co_await queue.join();
  trace("joined");
  try {
    queue.task_done();
  } catch (const eddy::TaskDoneTooOften&) {
    trace("too often");
  }
  co_await queue.join();
  trace("joined at once");
  a.cancel();
  b.cancel();
  co_await eddy::gather(eddy::return_exceptions, a, b);
}

}  // namespace

ORACLE_MAIN(async_main)
