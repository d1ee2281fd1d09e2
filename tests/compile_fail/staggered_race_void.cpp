// expect: eddy: the attempts of staggered_race give a value each
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <optional>
#include <vector>

eddy::Task<> attempt() { co_return; }

eddy::Task<> wrong() {
  std::vector attempts(2, &attempt);
  co_await eddy::staggered_race(attempts, std::nullopt);
}
