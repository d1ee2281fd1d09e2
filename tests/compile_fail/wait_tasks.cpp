// expect: eddy: this leaves tasks running, so it takes handles of running tasks: write create_task\(
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <utility>
#include <vector>

eddy::Task<> wrong() {
  std::vector<eddy::Task<int>> tasks;
  auto ended = eddy::wait(std::move(tasks));
  co_return;
}
