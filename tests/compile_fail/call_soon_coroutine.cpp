// expect: eddy: a callback cannot be a coroutine, which would never run: call create_task in it
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<int> answer() { co_return 42; }

void wrong(eddy::EventLoop& loop) { loop.call_soon(answer); }
