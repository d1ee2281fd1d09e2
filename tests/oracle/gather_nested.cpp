// A gather inside a gather: the children start level by level, and each gather ends when its last child does.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

#include <chrono>
#include <string>

using namespace oracle;

namespace {

eddy::Task<std::string> leaf(std::string name, std::chrono::seconds delay) {
  trace("start", name);
  co_await eddy::sleep(delay);
  trace("end", name);
  co_return name;
}

eddy::Task<std::string> pair(std::string name, std::chrono::seconds delay) {
  trace("pair", name);
  const auto [first, second] = co_await eddy::gather(leaf(name + "1", delay + 2s), leaf(name + "2", delay));
  trace("pair", name, "has", first, second);
  co_return name;
}

eddy::Task<> async_main() {
  const auto [a, b, c] = co_await eddy::gather(pair("a", 5s), pair("b", 1s), leaf("c", 4s));
  trace(a, b, c);
}

}  // namespace

ORACLE_MAIN(async_main)
