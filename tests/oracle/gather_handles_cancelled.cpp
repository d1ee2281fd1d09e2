// A cancel of a task that gathers running tasks cancels these, too, and whoever else awaits one of them sees it.
// SPDX-License-Identifier: MIT
#include "support/finally.hpp"
#include "support/oracle.hpp"

#include <chrono>
#include <string>
#include <vector>

using namespace oracle;

namespace {

eddy::Task<> child(std::string name, std::chrono::seconds delay) {
  const Finally finally("left " + name);
  co_await eddy::sleep(delay);
  trace("done", name);
}

eddy::Task<> worker(std::vector<eddy::TaskHandle<>> tasks) {
  const Finally finally("left worker");
  co_await eddy::gather(tasks);
}

eddy::Task<> onlooker(eddy::TaskHandle<> task) {
  try {
    co_await task;
  } catch (const eddy::CancelledError&) {
    trace("onlooker: it was cancelled");
  }
  co_await eddy::sleep(1s);
  trace("onlooker goes on");
}

eddy::Task<> async_main() {
  std::vector<eddy::TaskHandle<>> tasks;
  tasks.push_back(eddy::create_task(child("a", 5s)));
  tasks.push_back(eddy::create_task(child("b", 1s)));
  tasks.push_back(eddy::create_task(child("c", 4s)));
  auto looking = eddy::create_task(onlooker(tasks[2]));
  auto working = eddy::create_task(worker(tasks));
  co_await eddy::sleep(2s);
  trace("cancel");
  working.cancel();
  const std::vector<eddy::TaskHandle<>> waited{working};
  (void)co_await eddy::wait(waited);
  trace("cancelled:", working.cancelled(), tasks[0].cancelled(), tasks[1].cancelled(), tasks[2].cancelled());
  co_await looking;
}

}  // namespace

ORACLE_MAIN(async_main)
