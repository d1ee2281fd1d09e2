// as_completed gives the tasks as they end; an error comes at its place, and a slow consumer misses none.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

using namespace oracle;

namespace {

eddy::Task<std::string> worker(std::string name, std::chrono::seconds delay, bool fails = false) {
  trace("start", name);
  co_await eddy::sleep(delay);
  trace("end", name);
  if (fails) throw std::invalid_argument(name + " failed");
  co_return name;
}

eddy::Task<> async_main() {
  std::vector<eddy::TaskHandle<std::string>> tasks;
  tasks.push_back(eddy::create_task(worker("a", 6s)));
  tasks.push_back(eddy::create_task(worker("b", 2s)));
  tasks.push_back(eddy::create_task(worker("c", 1s)));
  tasks.push_back(eddy::create_task(worker("d", 3s, true)));
  tasks.push_back(eddy::create_task(worker("e", 4s)));
  auto order = eddy::as_completed(tasks);
  while (auto earliest = co_await order.next()) {
    try {
      trace("got", co_await *earliest);
    } catch (const std::invalid_argument& error) {
      trace("error:", error.what());
      continue;
    }
    co_await eddy::sleep(1500ms);
  }
  trace("that was all");
}

}  // namespace

ORACLE_MAIN(async_main)
