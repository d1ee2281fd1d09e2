// Jobs in threads end in their own order; the loop goes on meanwhile, and who awaits a job gets its result or error.
// SPDX-License-Identifier: MIT
#include <eddy/threads.hpp>

#include "support/oracle.hpp"

#include <functional>
#include <latch>
#include <stdexcept>
#include <vector>

using namespace oracle;

namespace {

std::string job(std::string name, std::latch& gate) {
  gate.wait();
  if (name == "c") throw std::runtime_error(name);
  return name;
}

eddy::Task<> waiter(std::string name, std::latch& gate) {
  trace(name, "starts");
  try {
    trace(name, "returned", co_await eddy::to_thread(job, name, std::ref(gate)));
  } catch (const std::runtime_error& error) {
    trace(name, "raised", error.what());
  }
}

eddy::Task<> async_main() {
  std::latch gates[]{std::latch(1), std::latch(1), std::latch(1)};
  std::vector<eddy::TaskHandle<>> tasks;
  tasks.push_back(eddy::create_task(waiter("a", gates[0])));
  tasks.push_back(eddy::create_task(waiter("b", gates[1])));
  tasks.push_back(eddy::create_task(waiter("c", gates[2])));
  co_await eddy::yield();
  trace("the loop goes on");
  for (const std::size_t index : {1U, 2U, 0U}) {
    trace("open gate", index);
    gates[index].count_down();
    co_await tasks[index];
  }
  trace("main ends");
}

}  // namespace

ORACLE_MAIN(async_main)
