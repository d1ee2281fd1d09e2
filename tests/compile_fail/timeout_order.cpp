// expect: eddy: this can neither be awaited nor called .*: after the limit comes a Task
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <chrono>

eddy::Task<int> answer() { co_return 42; }

eddy::Task<> wrong() { co_await eddy::timeout(answer(), std::chrono::seconds(1)); }
