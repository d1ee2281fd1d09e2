// Sleepers wake by deadline, and at the same deadline in the order in which they lay down, all in one pass.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

#include <vector>

using namespace oracle;

namespace {

int now() {
  static const auto start = eddy::get_running_loop().time();
  return static_cast<int>((eddy::get_running_loop().time() - start) / 1s);
}

eddy::Task<> sleeper(std::string name, std::vector<int> delays) {
  for (const int delay : delays) {
    co_await eddy::sleep(std::chrono::seconds(delay));
    trace(name, "wakes at", now());
  }
}

eddy::Task<> async_main() {
  now();
  const std::vector<int> of_a{2, 2};
  const std::vector<int> of_b{1, 3};
  const std::vector<int> of_c{3, 0, 1};
  const auto a = eddy::create_task(sleeper("a", of_a));
  const auto b = eddy::create_task(sleeper("b", of_b));
  const auto c = eddy::create_task(sleeper("c", of_c));
  co_await eddy::gather(a, b, c);
  trace("main ends");
}

}  // namespace

ORACLE_MAIN(async_main)
