// expect: eddy: this cannot be awaited
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <future>

eddy::Task<> wrong(std::future<int> future) { co_await future; }
