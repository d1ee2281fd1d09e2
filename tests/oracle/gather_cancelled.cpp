// A cancel of a task that is in a gather reaches all its children in order; the task is left after the last of them.
// SPDX-License-Identifier: MIT
#include "support/finally.hpp"
#include "support/oracle.hpp"

#include <chrono>
#include <string>

using namespace oracle;

namespace {

eddy::Task<> child(std::string name, std::chrono::seconds delay) {
  trace("start", name);
  const Finally finally("left " + name);
  co_await eddy::sleep(delay);
  trace("done", name);
}

eddy::Task<> worker() {
  const Finally finally("left worker");
  co_await eddy::gather(child("a", 5s), child("b", 1s), child("c", 4s));
}

eddy::Task<> async_main() {
  auto task = eddy::create_task(worker());
  co_await eddy::sleep(2s);
  trace("cancel:", task.cancel());
  trace("done:", task.done());
  try {
    co_await task;
  } catch (const eddy::CancelledError&) {
    trace("worker was cancelled");
  }
  trace("cancel again:", task.cancel());
}

}  // namespace

ORACLE_MAIN(async_main)
