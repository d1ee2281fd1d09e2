// expect: eddy: this function cannot be called
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<> wrong() {
  co_await eddy::create_task(42);
}
