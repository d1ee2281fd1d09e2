// expect: eddy: this cannot be awaited
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <chrono>

eddy::Task<> wrong() { co_await std::chrono::seconds(1); }
