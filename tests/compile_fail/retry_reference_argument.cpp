// expect: eddy: retry calls its function again with the same arguments.*std::ref
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<> increment(int& target) {
  ++target;
  co_return;
}

eddy::Task<> wrong() {
  int counter = 0;
  co_await eddy::retry({.max_attempts = 2}, increment, counter);
}
