// When the time of as_completed is up it throws, after what had ended was given; the tasks run on.
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

eddy::Task<> async_main() {
  std::vector<eddy::TaskHandle<std::string>> tasks;
  tasks.push_back(eddy::create_task(worker("a", 5s)));
  tasks.push_back(eddy::create_task(worker("b", 1s)));
  tasks.push_back(eddy::create_task(worker("c", 9s)));
  tasks.push_back(eddy::create_task(worker("d", 2s)));
  try {
    auto order = eddy::as_completed(tasks, 4s);
    while (auto earliest = co_await order.next()) trace("got", co_await *earliest);
  } catch (const eddy::TimeoutError&) {
    trace("the time is up");
  }
  trace("done:", tasks[0].done(), tasks[1].done(), tasks[2].done(), tasks[3].done());
  trace("later:", co_await tasks[0]);
  eddy::get_running_loop().call_later(1s, [c = tasks[2]]() mutable { c.cancel(); });
  const std::vector<eddy::TaskHandle<std::string>> rest{tasks[2]};
  auto order = eddy::as_completed(rest);
  while (auto earliest = co_await order.next()) {
    try {
      trace("got", co_await *earliest);
    } catch (const eddy::CancelledError&) {
      trace("c was cancelled");
    }
  }
}

}  // namespace

ORACLE_MAIN(async_main)
