// expect: eddy: a limit has to know what it limits: write co_await timeout\(1s, work\(\)\)
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <chrono>

eddy::Task<> wrong() { co_await eddy::timeout(std::chrono::seconds(1)); }
