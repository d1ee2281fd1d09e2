// expect: write co_await task_group\(
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

void wrong() { eddy::TaskGroup group; }
