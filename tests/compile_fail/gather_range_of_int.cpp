// expect: eddy: gather takes tasks, handles and other awaitables.* cannot be awaited
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <vector>

eddy::Task<> wrong() {
  std::vector<int> numbers{1, 2, 3};
  co_await eddy::gather(numbers);
}
