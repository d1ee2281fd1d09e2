// expect: eddy: this function cannot be called with these arguments in another thread.*std::ref
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>
#include <eddy/threads.hpp>

void increment(int& target) { ++target; }

eddy::Task<> wrong() {
  int counter = 0;
  co_await eddy::to_thread(increment, counter);
}
