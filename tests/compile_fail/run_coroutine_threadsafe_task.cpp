// expect: eddy: this is no function: what can only be awaited.*is given in a lambda
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>
#include <eddy/threads.hpp>

eddy::Task<int> answer() { co_return 42; }

void wrong(eddy::EventLoop& loop) { (void)eddy::run_coroutine_threadsafe(loop, answer()); }
