// A task of a group fails in its first step: the body is left where it waits, tasks that wait are left, too.
// SPDX-License-Identifier: MIT
#include "support/finally.hpp"
#include "support/oracle.hpp"

#include <stdexcept>
#include <string>

using namespace oracle;

namespace {

eddy::Task<> child(std::string name, bool fails) {
  trace("start", name);
  const Finally finally("left " + name);
  if (fails) throw std::invalid_argument(name + " failed");
  co_await eddy::sleep(9s);
  trace("done", name);
}

eddy::Task<> body(eddy::TaskGroup& group, bool first, bool second) {
  const Finally finally("left body");
  group.create_task(child("a", first));
  co_await eddy::sleep(1s);
  group.create_task(child("b", second));
  trace("body ends");
}

eddy::Task<> attempt(bool first, bool second) {
  try {
    co_await eddy::task_group(body, first, second);
  } catch (const eddy::ExceptionGroup& errors) {
    errors.handle<std::invalid_argument>([](const std::exception& error) { trace("caught:", error.what()); });
  }
}

eddy::Task<> async_main() {
  co_await attempt(true, false);
  co_await attempt(false, true);
  co_await attempt(false, false);
}

}  // namespace

ORACLE_MAIN(async_main)
