// set wakes everybody who waits, in their order, also if clear follows at once; who comes later waits for the next set.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

using namespace oracle;

namespace {

eddy::Task<> waiter(std::string name, eddy::Event& event) {
  trace(name, "waits");
  co_await event.wait();
  trace(name, "woken, set:", event.is_set());
  co_await event.wait();
  trace(name, "woken again");
}

eddy::Task<> async_main() {
  eddy::Event event;
  const auto a = eddy::create_task(waiter("a", event));
  const auto b = eddy::create_task(waiter("b", event));
  co_await eddy::yield();
  const auto c = eddy::create_task(waiter("c", event));
  event.set();
  event.clear();
  trace("set and cleared");
  co_await eddy::yield();
  trace("a turn later");
  event.set();
  trace("set");
  co_await eddy::yield();
  trace("a turn later");
  const auto d = eddy::create_task(waiter("d", event));
  co_await eddy::gather(a, b, c, d);
}

}  // namespace

ORACLE_MAIN(async_main)
