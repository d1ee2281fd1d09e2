// expect: eddy: this function gives nothing that can be awaited
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

int answer() { return 42; }

eddy::Task<> wrong() {
  co_await eddy::retry({.max_attempts = 2}, answer);
}
