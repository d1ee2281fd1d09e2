// expect: eddy: this function cannot be called with these arguments
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<int> twice(int number) { co_return 2 * number; }

eddy::Task<> wrong() {
  co_await eddy::create_task(twice, "seven");
}
