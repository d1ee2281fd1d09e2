// expect: eddy: options have names: write create_task\(task, {.name = 
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<int> answer() { co_return 42; }

void wrong(eddy::TaskGroup& group) { group.create_task(answer(), "name"); }
