// expect: until (it|this) is awaited: co_await it
// flags: -Werror=unused-result -Werror=unused-value
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>
#include <eddy/threads.hpp>

eddy::Task<> wrong() {
  eddy::to_thread([] { return 42; });
  co_await eddy::yield();
}
