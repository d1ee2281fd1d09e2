// expect: eddy: this function cannot be called
// A task is made from a coroutine only [c25].
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<> wrong() {
  co_await eddy::create_task(42);
}
