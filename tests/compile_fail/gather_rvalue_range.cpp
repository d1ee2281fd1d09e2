// expect: compiles
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <cstddef>
#include <utility>
#include <vector>

eddy::Task<std::size_t> right() {
  std::vector<eddy::Task<int>> tasks;
  const auto results = co_await eddy::gather(std::move(tasks));
  std::vector<eddy::TaskHandle<int>> handles;  // handles can be awaited again
  const auto more = co_await eddy::gather(handles);
  co_return results.size() + more.size();
}
