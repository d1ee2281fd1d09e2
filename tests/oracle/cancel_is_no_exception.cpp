// In Python a cancelled task catches its own CancelledError on the way up; here it is unwound past every handler.
// SPDX-License-Identifier: MIT
#include "support/finally.hpp"
#include "support/oracle.hpp"

using namespace oracle;

namespace {

eddy::Task<> inner() {
  const Finally finally("left inner");
  try {
    trace("inner waits");
    co_await eddy::sleep(9s);
  } catch (...) {
    trace("inner caught something");
    throw;
  }
}

eddy::Task<> outer() {
  const Finally finally("left outer");
  try {
    trace("outer waits");
    co_await inner();
  } catch (const eddy::CancelledError&) {
    trace("outer caught CancelledError");
    throw;
  }
  trace("outer goes on");
}

eddy::Task<> async_main() {
  auto task = eddy::create_task(outer());
  co_await eddy::sleep(1s);
  trace("cancel");
  task.cancel();
  try {
    co_await task;
  } catch (const eddy::CancelledError&) {
    trace("main caught CancelledError");
  }
  trace("cancelled:", task.cancelled());
}

}  // namespace

ORACLE_MAIN(async_main)
