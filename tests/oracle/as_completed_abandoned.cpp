// A loop over as_completed that is left early, or whose task is cancelled, stops no task.
// SPDX-License-Identifier: MIT
#include "support/finally.hpp"
#include "support/oracle.hpp"

#include <chrono>
#include <string>
#include <vector>

using namespace oracle;

namespace {

eddy::Task<std::string> worker(std::string name, std::chrono::seconds delay) {
  const Finally finally("left " + name);
  co_await eddy::sleep(delay);
  trace("end", name);
  co_return name;
}

eddy::Task<> consumer(std::vector<eddy::TaskHandle<std::string>> tasks) {
  const Finally finally("left consumer");
  auto order = eddy::as_completed(tasks);
  while (auto earliest = co_await order.next()) trace("consumer got", co_await *earliest);
}

eddy::Task<> async_main() {
  std::vector<eddy::TaskHandle<std::string>> tasks;
  tasks.push_back(eddy::create_task(worker("a", 6s)));
  tasks.push_back(eddy::create_task(worker("b", 2s)));
  tasks.push_back(eddy::create_task(worker("c", 4s)));
  tasks.push_back(eddy::create_task(worker("d", 1s)));
  auto task = eddy::create_task(consumer(tasks));
  auto order = eddy::as_completed(tasks);
  while (auto earliest = co_await order.next()) {
    trace("main got", co_await *earliest);
    break;
  }
  trace("main has left the loop");
  co_await eddy::sleep(2s);
  task.cancel();
  const std::vector<eddy::TaskHandle<>> waited{task};
  (void)co_await eddy::wait(waited);
  trace("consumer was cancelled:", task.cancelled());
  const auto results = co_await eddy::gather(tasks);
  trace("main has", results[0], results[1], results[2], results[3]);
}

}  // namespace

ORACLE_MAIN(async_main)
