// expect: a Task runs once, so it cannot be copied: write std::move\(task\)
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<int> answer() { co_return 42; }

eddy::Task<int> wrong() {
  auto task = answer();
  auto copy = task;
  co_return co_await copy;
}
