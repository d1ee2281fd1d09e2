// expect: eddy: this cannot be awaited: co_await takes a Task
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<> wrong() {
  co_await 42;
}
