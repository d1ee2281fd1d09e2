// expect: eddy: retry calls its function again with the same arguments, so give it the function, not a Task
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<int> answer() { co_return 42; }

eddy::Task<> wrong() { co_await eddy::retry({.max_attempts = 3}, answer()); }
