// A function that gathers itself for the two halves: entered level by level, left from the leaves up.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

#include <chrono>
#include <string>

using namespace oracle;

namespace {

eddy::Task<int> walk(std::string path) {
  trace("enter", path);
  if (path.size() == 3) {
    co_await eddy::sleep(std::chrono::seconds(1 + 3 * std::stoi(path.substr(1), nullptr, 2) % 4));
    trace("leaf", path);
    co_return 1;
  }
  const auto [left, right] = co_await eddy::gather(walk(path + "0"), walk(path + "1"));
  trace("leave", path, "with", left + right);
  co_return left + right;
}

eddy::Task<> async_main() {
  const int leaves = co_await walk("r");
  trace("leaves:", leaves);
}

}  // namespace

ORACLE_MAIN(async_main)
