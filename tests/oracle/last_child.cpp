// Designed difference: the last child of a gather or a group hands over to the caller in its own turn; asyncio in the pass after it.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

using namespace oracle;

namespace {

eddy::Task<> child() {
  co_await eddy::sleep(1s);
  trace("child ends");
}

eddy::Task<> bystander() {
  co_await eddy::sleep(1s);
  trace("bystander");
}

eddy::Task<> gatherer() {
  co_await eddy::gather(child());
  trace("gather ends");
}

eddy::Task<> body(eddy::TaskGroup& group) {
  group.create_task(child());
  co_return;
}

eddy::Task<> grouper() {
  co_await eddy::task_group(body);
  trace("group ends");
}

eddy::Task<> async_main() {
  auto task = eddy::create_task(gatherer());
  co_await eddy::yield();
  co_await eddy::yield();
  auto by = eddy::create_task(bystander());
  co_await by;
  co_await task;
  task = eddy::create_task(grouper());
  co_await eddy::yield();
  co_await eddy::yield();
  by = eddy::create_task(bystander());
  co_await by;
  co_await task;
}

}  // namespace

ORACLE_MAIN(async_main)
