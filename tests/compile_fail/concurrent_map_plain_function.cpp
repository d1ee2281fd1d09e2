// expect: eddy: the function of concurrent_map must return something that can be awaited
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <vector>

int twice(int number) { return 2 * number; }

eddy::Task<> wrong() {
  const std::vector<int> numbers{1, 2, 3};
  co_await eddy::concurrent_map(numbers, twice);
}
