// expect: return_void
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<int> wrong() {
  co_await eddy::yield();
  co_return;
}
