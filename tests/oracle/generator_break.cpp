// A loop over generators that is left early leaves their bodies, the source's first, before the consumer goes on.
// SPDX-License-Identifier: MIT
#include "support/finally.hpp"
#include "support/oracle.hpp"

#include <string>
#include <utility>

using namespace oracle;

namespace {

eddy::AsyncGenerator<int> lines(std::string name) {
  const Finally finally("left " + name);
  for (int i = 0; i < 9; ++i) {
    co_await eddy::sleep(1s);
    trace("line", i, "of", name);
    co_yield i;
  }
}

eddy::AsyncGenerator<int> every_second(eddy::AsyncGenerator<int> upstream) {
  const Finally finally("left every_second");
  auto source = std::move(upstream);
  while (auto i = co_await source.next()) {
    if (*i % 2 == 1) co_yield *i;
  }
}

eddy::Task<> read(std::string name, int last) {
  {
    auto source = every_second(lines(name));
    while (auto i = co_await source.next()) {
      trace(name, "read", *i);
      if (*i >= last) break;
    }
  }
  trace(name, "goes on");
}

eddy::Task<> async_main() {
  co_await eddy::gather(read("a", 3), read("b", 1));
  trace("main ends");
}

}  // namespace

ORACLE_MAIN(async_main)
