// Whoever is cancelled in wait leaves alone: the tasks run on, and another wait for them goes on.
// SPDX-License-Identifier: MIT
#include "support/finally.hpp"
#include "support/oracle.hpp"

#include <chrono>
#include <string>
#include <vector>

using namespace oracle;

namespace {

eddy::Task<> worker(std::string name, std::chrono::seconds delay) {
  const Finally finally("left " + name);
  co_await eddy::sleep(delay);
  trace("end", name);
}

eddy::Task<> waiter(std::string name, std::vector<eddy::TaskHandle<>> tasks) {
  trace(name, "waits");
  const Finally finally("left " + name);
  (void)co_await eddy::wait(tasks);
  trace(name, "has waited");
}

eddy::Task<> async_main() {
  std::vector<eddy::TaskHandle<>> tasks;
  tasks.push_back(eddy::create_task(worker("a", 3s)));
  tasks.push_back(eddy::create_task(worker("b", 1s)));
  tasks.push_back(eddy::create_task(worker("c", 4s)));
  auto one = eddy::create_task(waiter("one", tasks));
  auto two = eddy::create_task(waiter("two", tasks));
  co_await eddy::sleep(2s);
  trace("cancel one");
  one.cancel();
  const std::vector<eddy::TaskHandle<>> waited{one};
  (void)co_await eddy::wait(waited);
  trace("one was cancelled:", one.cancelled(), "done:", tasks[0].done(), tasks[1].done(), tasks[2].done());
  co_await two;
  trace("done:", tasks[0].done(), tasks[1].done(), tasks[2].done());
}

}  // namespace

ORACLE_MAIN(async_main)
