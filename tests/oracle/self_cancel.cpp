// A task cancels itself: it goes on to its next wait. If it returns first, Python drops its value and here it counts.
// SPDX-License-Identifier: MIT
#include "support/finally.hpp"
#include "support/oracle.hpp"

#include <string>
#include <vector>

using namespace oracle;

namespace {

eddy::Task<std::string> waits(std::string name) {
  const Finally finally("left " + name);
  trace(name, "cancels itself:", eddy::current_task().cancel());
  trace(name, "goes on");
  co_await eddy::sleep(1s);
  trace(name, "has slept");
  co_return name;
}

eddy::Task<std::string> returns(std::string name) {
  trace(name, "cancels itself:", eddy::current_task().cancel());
  trace(name, "goes on");
  co_return name;
}

eddy::Task<std::string> nothing(std::string name) {
  trace(name, "does not wait");
  co_return name;
}

eddy::Task<std::string> awaits(std::string name) {
  trace(name, "cancels itself:", eddy::current_task().cancel());
  co_return co_await nothing(name);
}

eddy::Task<> async_main() {
  std::vector<eddy::TaskHandle<std::string>> tasks;
  tasks.push_back(eddy::create_task(waits("waits")));
  tasks.push_back(eddy::create_task(returns("returns")));
  tasks.push_back(eddy::create_task(awaits("awaits")));
  for (const auto& task : tasks) {
    try {
      trace("main has", co_await task);
    } catch (const eddy::CancelledError&) {
      trace("main has nothing");
    }
  }
}

}  // namespace

ORACLE_MAIN(async_main)
