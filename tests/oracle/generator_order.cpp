// A generator runs only inside its consumer's request for the next value, and waits between values like any coroutine.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

#include <chrono>
#include <string>

using namespace oracle;

namespace {

eddy::AsyncGenerator<int> count(std::string name, int limit, std::chrono::milliseconds delay) {
  trace(name, "begins");
  for (int i = 0; i < limit; ++i) {
    co_await eddy::sleep(delay);
    trace(name, "yields", i);
    co_yield i;
  }
  trace(name, "ends");
}

eddy::Task<int> consume(std::string name, int limit, std::chrono::milliseconds delay) {
  auto source = count("generator of " + name, limit, delay);
  trace(name, "has a generator");
  int total = 0;
  while (auto i = co_await source.next()) {
    total += *i;
    trace(name, "got", *i);
  }
  co_return total;
}

eddy::Task<> async_main() {
  const auto [a, b] = co_await eddy::gather(consume("a", 3, 2s), consume("b", 2, 1500ms));
  trace(a, b);
}

}  // namespace

ORACLE_MAIN(async_main)
