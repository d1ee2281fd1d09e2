// expect: eddy: this function gives nothing that can be awaited
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <chrono>

int answer() { return 42; }

eddy::Task<> wrong() {
  co_await eddy::timeout(std::chrono::seconds(1), answer);
}
