// expect: until (it|this) is awaited: co_await it
// flags: -Werror=unused-result -Werror=unused-value
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

eddy::Task<> wrong() {
  eddy::task_group([](eddy::TaskGroup&) -> eddy::Task<> { co_return; });
  co_await eddy::yield();
}
