// expect: a Task runs once, so it cannot be copied: write std::move\(task\)
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <vector>

eddy::Task<> wrong(std::vector<eddy::Task<>> tasks) {
  for (auto task : tasks) co_await task;
}
