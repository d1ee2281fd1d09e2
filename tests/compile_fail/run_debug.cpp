// expect: eddy: options have names: write run\(task, {.debug = true}\)
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<int> answer() { co_return 42; }

int wrong() { return eddy::run(answer(), true); }
