// Designed difference: a job in a thread is waited for, also by a task that was cancelled, and its result is delivered.
// SPDX-License-Identifier: MIT
#include <eddy/threads.hpp>

#include "support/oracle.hpp"

#include <atomic>
#include <vector>

using namespace oracle;

namespace {

std::atomic<bool> started{false};
std::atomic<bool> gate{false};
std::atomic<bool> finished{false};

int job() {
  trace("the job runs");
  started = true;
  gate.wait(false);
  trace("the job returns");
  finished = true;
  return 42;
}

struct WorkerEnds {
  ~WorkerEnds() { trace("the worker ends"); }
};

eddy::Task<> worker() {
  const WorkerEnds ends;
  trace("result", co_await eddy::to_thread(job));
}

eddy::Task<> async_main() {
  auto task = eddy::create_task(worker());
  while (!started) co_await eddy::yield();
  trace("cancel:", task.cancel());
  for (int i = 0; i < 5; ++i) co_await eddy::yield();
  trace("done:", task.done());
  trace("main lets the job go on");
  gate = true;
  gate.notify_all();
  while (!finished) co_await eddy::yield();
  const std::vector only_task{task};
  co_await eddy::wait(only_task);
  trace("cancelled:", task.cancelled());
}

}  // namespace

ORACLE_MAIN(async_main)
