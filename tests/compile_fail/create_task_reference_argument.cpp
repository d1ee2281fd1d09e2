// expect: eddy: this function cannot be called with these arguments.*std::ref
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<> increment(int& target) {
  ++target;
  co_return;
}

eddy::Task<> wrong() {
  int counter = 0;
  co_await eddy::create_task(increment, counter);
}
