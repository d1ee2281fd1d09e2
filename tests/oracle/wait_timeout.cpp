// The end of wait's time is no error and stops nobody; a wait of no time only looks.
// SPDX-License-Identifier: MIT
#include "support/finally.hpp"
#include "support/oracle.hpp"

#include <chrono>
#include <string>
#include <vector>

using namespace oracle;

namespace {

eddy::Task<> worker(std::string name, std::chrono::seconds delay) {
  trace("start", name);
  const Finally finally("left " + name);
  co_await eddy::sleep(delay);
  trace("end", name);
}

eddy::Task<> async_main() {
  std::vector<eddy::TaskHandle<>> tasks;
  tasks.push_back(eddy::create_task(worker("a", 1s)));
  tasks.push_back(eddy::create_task(worker("b", 3s)));
  tasks.push_back(eddy::create_task(worker("c", 9s)));
  auto result = co_await eddy::wait(tasks, eddy::ReturnWhen::all_completed, 0s);
  trace("done:", result.done.size(), "pending:", result.pending.size());
  result = co_await eddy::wait(tasks, eddy::ReturnWhen::all_completed, 2s);
  trace("done:", result.done.size(), "pending:", result.pending.size());
  result = co_await eddy::wait(tasks, eddy::ReturnWhen::all_completed, 2s);
  trace("done:", result.done.size(), "pending:", result.pending.size());
  for (auto& task : result.pending) task.cancel();
  result = co_await eddy::wait(tasks, eddy::ReturnWhen::all_completed, 2s);
  trace("done:", result.done.size(), "pending:", result.pending.size());
  trace("cancelled:", tasks[0].cancelled(), tasks[1].cancelled(), tasks[2].cancelled());
}

}  // namespace

ORACLE_MAIN(async_main)
