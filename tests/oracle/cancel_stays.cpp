// Python delivers a cancel once, and the task may wait again; here it holds and ends the next wait that blocks.
// SPDX-License-Identifier: MIT
#include "support/finally.hpp"
#include "support/oracle.hpp"

#include <string>
#include <vector>

using namespace oracle;

namespace {

eddy::Task<> step(std::string name) {
  trace("begin", name);
  co_await eddy::sleep(2s);
  trace("end", name);
}

eddy::Task<> worker() {
  const Finally finally("left worker");
  co_await eddy::uncancellable(step("protected part"));
  trace("worker goes on");
  co_await step("next part");
  co_await step("last part");
}

eddy::Task<> async_main() {
  auto task = eddy::create_task(worker());
  co_await eddy::sleep(1s);
  trace("cancel:", task.cancel());
  const std::vector<eddy::TaskHandle<>> waited{task};
  (void)co_await eddy::wait(waited);
  trace("cancelled:", task.cancelled(), "cancelling:", task.cancelling());
}

}  // namespace

ORACLE_MAIN(async_main)
