// expect: a Task does nothing until it is awaited: co_await it or pass it to create_task
// flags: -Werror=unused-result -Werror=unused-value
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<int> answer() { co_return 42; }

eddy::Task<> wrong() {
  answer();
  co_await eddy::yield();
}
