// A cancel goes down a chain of awaited coroutines and tasks to what waits, and the chain is left from there upwards.
// SPDX-License-Identifier: MIT
#include "support/finally.hpp"
#include "support/oracle.hpp"

using namespace oracle;

namespace {

eddy::Task<> leaf() {
  const Finally finally("left leaf");
  trace("leaf waits");
  co_await eddy::sleep(9s);
}

eddy::Task<> lower() {
  const Finally finally("left lower");
  co_await leaf();
}

eddy::Task<> middle() {
  struct Leave {
    eddy::TaskHandle<> task;
    ~Leave() { trace("left middle, lower cancelled:", task.cancelled()); }
  };
  const Leave leave{eddy::create_task(lower())};
  co_await leave.task;
}

eddy::Task<> upper() {
  const Finally finally("left upper");
  co_await middle();
}

eddy::Task<> top() {
  const Finally finally("left top");
  co_await eddy::create_task(upper());
}

eddy::Task<> bystander() {
  for (int turn = 0; turn < 4; ++turn) {
    trace("bystander", turn);
    co_await eddy::yield();
  }
}

eddy::Task<> async_main() {
  auto task = eddy::create_task(top());
  co_await eddy::sleep(1s);
  auto bystanding = eddy::create_task(bystander());
  task.cancel();
  trace("cancelled");
  try {
    co_await task;
  } catch (const eddy::CancelledError&) {
    trace("main: top was cancelled");
  }
  co_await bystanding;
}

}  // namespace

ORACLE_MAIN(async_main)
