// A cancel goes down a chain of tasks that await each other; they end from the innermost to the outermost, a turn each.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

#include <optional>

using namespace oracle;

namespace {

struct Ends {
  const std::string& name;
  ~Ends() { trace(name, "ends"); }
};

eddy::Task<> link(std::string name, std::optional<eddy::TaskHandle<>> awaited) {
  const Ends ends{name};
  if (!awaited) {
    co_await eddy::sleep(9s);
  } else {
    co_await *awaited;
  }
}

eddy::Task<> ticker() {
  for (int turn = 0; turn < 4; ++turn) {
    trace("turn", turn);
    co_await eddy::yield();
  }
}

eddy::Task<> async_main() {
  const auto c = eddy::create_task(link("c", std::nullopt));
  const auto b = eddy::create_task(link("b", c));
  auto a = eddy::create_task(link("a", b));
  const auto other = eddy::create_task(link("another who awaits c", c));
  co_await eddy::sleep(1s);
  const auto ticks = eddy::create_task(ticker());
  trace("cancel:", a.cancel());
  trace("cancelling:", a.cancelling(), b.cancelling(), c.cancelling(), other.cancelling());
  co_await ticks;
  trace("cancelled:", a.cancelled(), b.cancelled(), c.cancelled(), other.cancelled());
}

}  // namespace

ORACLE_MAIN(async_main)
