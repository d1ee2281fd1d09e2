// expect: eddy: the function of concurrent_map cannot be called with an element of this range
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <vector>

eddy::Task<int> length(const char* text) { co_return text == nullptr ? 0 : 1; }

eddy::Task<> wrong() {
  const std::vector<int> numbers{1, 2, 3};
  co_await eddy::concurrent_map(numbers, length);
}
