// What the shielded task raises comes through the shield to everybody who awaits it; so does its own cancellation.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

#include <stdexcept>

using namespace oracle;

namespace {

eddy::Task<> inner(std::string name) {
  co_await eddy::sleep(1s);
  trace(name, "fails");
  throw std::runtime_error(name);
}

eddy::Task<> awaiter(std::string name, eddy::TaskHandle<> task) {
  try {
    co_await eddy::shield(task);
  } catch (const std::runtime_error& error) {
    trace(name, "sees the failure of", error.what());
  } catch (const eddy::CancelledError&) {
    trace(name, "sees a cancellation, its own:", eddy::current_task().cancelling() > 0);
  }
}

eddy::Task<> async_main() {
  const auto x = eddy::create_task(inner("x"));
  auto a = eddy::create_task(awaiter("a", x));
  auto b = eddy::create_task(awaiter("b", x));
  co_await eddy::gather(a, b);
  auto y = eddy::create_task(inner("y"));
  a = eddy::create_task(awaiter("a", y));
  b = eddy::create_task(awaiter("b", y));
  co_await eddy::yield();
  co_await eddy::yield();
  y.cancel();
  trace("cancelled y");
  co_await eddy::gather(a, b);
  co_await awaiter("main", x);
  co_await awaiter("main", y);
}

}  // namespace

ORACLE_MAIN(async_main)
