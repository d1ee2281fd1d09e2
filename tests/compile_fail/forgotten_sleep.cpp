// expect: until (it|this) is awaited: co_await it
// flags: -Werror=unused-result -Werror=unused-value
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <chrono>

eddy::Task<> wrong() {
  eddy::sleep(std::chrono::seconds(1));
  co_await eddy::yield();
}
