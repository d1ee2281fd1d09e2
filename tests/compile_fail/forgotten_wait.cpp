// expect: until (it|this) is awaited: co_await it
// flags: -Werror=unused-result -Werror=unused-value
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <vector>

eddy::Task<> wrong(std::vector<eddy::TaskHandle<int>> handles) {
  eddy::wait(handles);
  co_await eddy::yield();
}
