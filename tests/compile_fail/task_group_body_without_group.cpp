// expect: eddy: the body of task_group is a function that takes an eddy::TaskGroup& first
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<> body() { co_return; }

eddy::Task<> wrong() {
  co_await eddy::task_group(body);
}
