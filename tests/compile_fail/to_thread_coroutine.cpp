// expect: eddy: to_thread is for plain functions, and this coroutine would never run: co_await it
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>
#include <eddy/threads.hpp>

eddy::Task<int> answer() { co_return 42; }

eddy::Task<> wrong() { co_await eddy::to_thread(answer); }
