// expect: eddy: a range of Task is used up.*std::move\(tasks\)
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <vector>

eddy::Task<> wrong() {
  std::vector<eddy::Task<int>> tasks;
  co_await eddy::race(tasks);
}
