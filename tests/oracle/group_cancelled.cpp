// A cancel of the task around a group: body and tasks are left first, the task after the last cleanup.
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

eddy::Task<> clean_up(std::string name) {
  co_await eddy::sleep(2s);
  trace("cleaned up", name);
}

eddy::Task<> careful(std::string name, std::chrono::seconds delay) {
  trace("start", name);
  co_await eddy::try_finally(eddy::sleep(delay), clean_up(name));
}

eddy::Task<> body(eddy::TaskGroup& group) {
  group.create_task(child("a", 5s));
  group.create_task(careful("b", 5s));
  group.create_task(child("c", 1s));
  const Finally finally("left body");
  co_await eddy::sleep(4s);
  trace("body ends");
}

eddy::Task<> worker() {
  const Finally finally("left worker");
  co_await eddy::task_group(body);
}

eddy::Task<> async_main() {
  auto task = eddy::create_task(worker());
  co_await eddy::sleep(2s);
  trace("cancel");
  task.cancel();
  co_await eddy::sleep(1s);
  trace("done:", task.done());
  try {
    co_await task;
  } catch (const eddy::CancelledError&) {
    trace("worker was cancelled");
  }
}

}  // namespace

ORACLE_MAIN(async_main)
