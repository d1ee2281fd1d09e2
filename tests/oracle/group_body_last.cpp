// When a task of a group fails, its other tasks are stopped first, and the body last.
// SPDX-License-Identifier: MIT
#include "support/finally.hpp"
#include "support/oracle.hpp"

#include <stdexcept>

using namespace oracle;

namespace {

eddy::Task<> child(bool fails) {
  const Finally finally(fails ? "left task that fails" : "left other task");
  co_await eddy::sleep(1s);
  if (fails) throw std::invalid_argument("failed");
  co_await eddy::sleep(1s);
}

eddy::Task<> body(eddy::TaskGroup& group) {
  group.create_task(child(false));
  group.create_task(child(true));
  const Finally finally("left body");
  co_await eddy::sleep(9s);
}

eddy::Task<> async_main() {
  try {
    co_await eddy::task_group(body);
  } catch (const eddy::ExceptionGroup&) {
    trace("group threw");
  }
}

}  // namespace

ORACLE_MAIN(async_main)
