// The results of gather stand in the order of the arguments, whatever the order in which they end.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

using namespace oracle;

namespace {

eddy::Task<std::string> child(std::string name, std::chrono::seconds delay) {
  trace("start", name);
  co_await eddy::sleep(delay);
  trace("end", name);
  co_return name;
}

eddy::Task<> async_main() {
  const auto [a, b, c] = co_await eddy::gather(child("a", 3s), child("b", 1s), child("c", 2s));
  trace(a, b, c);
}

}  // namespace

ORACLE_MAIN(async_main)
