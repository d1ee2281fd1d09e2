// expect: eddy: options have names: write run\(task, {.debug = true}\), or run\(fn, argument\)
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<int> answer() { co_return 42; }

int wrong(int argc, char** argv) { return eddy::run(answer(), argc, argv); }
