// Designed difference: a group stops its tasks in the turn in which one of them fails; asyncio in the pass after it.
// SPDX-License-Identifier: MIT
#include "support/finally.hpp"
#include "support/oracle.hpp"

#include <stdexcept>
#include <string>

using namespace oracle;

namespace {

eddy::Task<> child(std::string name, bool fails) {
  trace("start", name);
  if (fails) throw std::invalid_argument(name);
  const Finally finally("left " + name);
  co_await eddy::sleep(9s);
}

eddy::Task<> body(eddy::TaskGroup& group) {
  group.create_task(child("a", true));
  group.create_task(child("b", false));
  co_return;
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
