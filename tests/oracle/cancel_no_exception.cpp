// Designed difference: a task's own cancellation is no exception; handlers do not see it, destructors run all the same.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

using namespace oracle;

namespace {

struct CleansUp {
  const char* name;
  ~CleansUp() { trace(name, "cleans up"); }
};

eddy::Task<> inner() {
  const CleansUp cleans_up{"inner"};
  try {
    trace("inner waits");
    co_await eddy::sleep(9s);
  } catch (const eddy::CancelledError&) {
    trace("inner caught its cancellation");
    throw;
  }
}

eddy::Task<> outer() {
  {
    const CleansUp cleans_up{"outer"};
    try {
      co_await inner();
    } catch (...) {
      trace("outer caught something, and swallows it");
    }
  }
  trace("outer goes on");
}

eddy::Task<> watcher(eddy::TaskHandle<> task) {
  try {
    co_await task;
    trace("the task has ended as if nothing had happened");
  } catch (const eddy::CancelledError&) {
    trace("the task was cancelled");
  }
}

eddy::Task<> async_main() {
  auto task = eddy::create_task(outer());
  const auto watching = eddy::create_task(watcher(task));
  co_await eddy::sleep(1s);
  trace("cancel:", task.cancel());
  co_await watching;
  trace("cancelled:", task.cancelled());
}

}  // namespace

ORACLE_MAIN(async_main)
