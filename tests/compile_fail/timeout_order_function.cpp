// expect: this can neither be awaited nor called|a limit is 5s or nullopt: timeout\(5s, task\)
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <chrono>

eddy::Task<int> answer() { co_return 42; }

eddy::Task<> wrong() { co_await eddy::timeout(answer, std::chrono::seconds(1)); }
