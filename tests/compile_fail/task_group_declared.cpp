// expect: eddy: a task group is made for its body: write co_await task_group\(
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

void wrong() { eddy::TaskGroup group; }
