// expect: eddy: the attempts of staggered_race are functions without arguments
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <optional>
#include <utility>
#include <vector>

eddy::Task<int> attempt() { co_return 1; }

eddy::Task<> wrong() {
  std::vector<eddy::Task<int>> attempts;
  attempts.push_back(attempt());
  co_await eddy::staggered_race(std::move(attempts), std::nullopt);
}
