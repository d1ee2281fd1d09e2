// Designed difference: the errors of a group stand in the order in which they came; asyncio puts the body's own last.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

#include <stdexcept>

using namespace oracle;

namespace {

eddy::Task<> fail() {
  throw std::invalid_argument("of the task");
  co_return;
}

eddy::Task<> child() { co_await eddy::try_finally(eddy::sleep(9s), fail()); }

eddy::Task<> body(eddy::TaskGroup& group) {
  group.create_task(child());
  co_await eddy::sleep(1s);
  throw std::invalid_argument("of the body");
}

eddy::Task<> async_main() {
  try {
    co_await eddy::task_group(body);
  } catch (const eddy::ExceptionGroup& errors) {
    errors.handle<std::invalid_argument>([](const std::exception& error) { trace(error.what()); });
  }
}

}  // namespace

ORACLE_MAIN(async_main)
