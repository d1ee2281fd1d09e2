// Python counts cancels and uncancel takes one back; here the part that may be cancelled is a task of its own.
// SPDX-License-Identifier: MIT
#include "support/finally.hpp"
#include "support/oracle.hpp"

#include <string>
#include <vector>

using namespace oracle;

namespace {

eddy::Task<> part(std::string name) {
  const Finally finally("left " + name);
  trace("begin", name);
  co_await eddy::sleep(2s);
  trace("end", name);
}

eddy::Task<> worker(std::vector<std::string> names, eddy::TaskHandle<>& running) {
  for (const std::string& name : names) {
    running = eddy::create_task(part(name));
    try {
      co_await running;
    } catch (const eddy::CancelledError&) {
      trace(name, "was cancelled, cancelling:", eddy::current_task().cancelling());
    }
  }
  trace("cancelling:", eddy::current_task().cancelling());
}

eddy::Task<> async_main() {
  const std::vector<std::string> names{"a", "b", "c"};
  eddy::TaskHandle<> running;
  auto task = eddy::create_task(worker(names, running));
  co_await eddy::sleep(1s);
  running.cancel();
  co_await eddy::sleep(2s);
  trace("done:", task.done());
  co_await eddy::sleep(1s);
  running.cancel();
  co_await task;
  trace("cancelled:", task.cancelled());
}

}  // namespace

ORACLE_MAIN(async_main)
