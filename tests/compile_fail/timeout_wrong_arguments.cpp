// expect: eddy: this can neither be awaited nor called
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <chrono>

eddy::Task<int> twice(int number) { co_return 2 * number; }

eddy::Task<> wrong() {
  co_await eddy::timeout(std::chrono::seconds(1), twice, "seven");
}
