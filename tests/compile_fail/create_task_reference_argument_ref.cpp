// expect: compiles
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <functional>

eddy::Task<> increment(int& target) {
  ++target;
  co_return;
}

eddy::Task<> right() {
  int counter = 0;
  co_await eddy::create_task(increment, std::ref(counter));
}
