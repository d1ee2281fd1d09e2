// expect: eddy: this cannot be awaited: .*then the limit: write co_await wait_for\(work\(\), 1s\)
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <chrono>

eddy::Task<int> answer() { co_return 42; }

eddy::Task<> wrong() { co_await eddy::wait_for(std::chrono::seconds(1), answer()); }
