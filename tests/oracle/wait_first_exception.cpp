// With FIRST_EXCEPTION a value and a cancel end no wait, an error does; when there is no error all are waited for.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

using namespace oracle;

namespace {

eddy::Task<> worker(std::string name, std::chrono::seconds delay, bool fails = false) {
  co_await eddy::sleep(delay);
  trace("end", name);
  if (fails) throw std::invalid_argument(name + " failed");
}

void describe(const std::string& name, const eddy::TaskHandle<>& task) {
  if (!task.done()) {
    trace(name, "is pending");
  } else if (task.cancelled()) {
    trace(name, "was cancelled");
  } else if (task.exception()) {
    trace(name, "failed");
  } else {
    trace(name, "is done");
  }
}

void describe_all(const std::vector<eddy::TaskHandle<>>& tasks) {
  describe("a", tasks[0]);
  describe("b", tasks[1]);
  describe("c", tasks[2]);
  describe("d", tasks[3]);
}

eddy::Task<> async_main() {
  std::vector<eddy::TaskHandle<>> tasks;
  tasks.push_back(eddy::create_task(worker("a", 1s)));
  tasks.push_back(eddy::create_task(worker("b", 9s)));
  tasks.push_back(eddy::create_task(worker("c", 3s, true)));
  tasks.push_back(eddy::create_task(worker("d", 4s)));
  eddy::get_running_loop().call_later(2s, [b = tasks[1]]() mutable { b.cancel(); });
  (void)co_await eddy::wait(tasks, eddy::ReturnWhen::first_exception);
  describe_all(tasks);
  const std::vector<eddy::TaskHandle<>> others{tasks[0], tasks[1], tasks[3]};
  (void)co_await eddy::wait(others, eddy::ReturnWhen::first_exception);
  trace("without an error:");
  describe_all(tasks);
}

}  // namespace

ORACLE_MAIN(async_main)
