// expect: a Task does nothing until it is awaited: co_await it or pass it to create_task
// flags: -Werror=unused-result -Werror=unused-value
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<> wrong() {
  auto nap = []() -> eddy::Task<> { co_await eddy::yield(); };
  nap();
  co_await eddy::yield();
}
