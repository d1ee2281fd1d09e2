// expect: eddy: this cannot be awaited: give run_until_complete a Task
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<int> answer() { co_return 42; }

void wrong(eddy::EventLoop& loop) { loop.run_until_complete(answer); }
