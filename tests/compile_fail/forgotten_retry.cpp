// expect: until (it|this) is awaited: co_await it
// flags: -Werror=unused-result -Werror=unused-value
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<int> answer() { co_return 42; }

eddy::Task<> wrong() {
  eddy::retry({.max_attempts = 2}, answer);
  co_await eddy::yield();
}
