// expect: eddy: what co_return is given here cannot be converted
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <vector>

eddy::Task<std::vector<int>> wrong() {
  co_return 3;
}
