// A task that is cancelled before its first step never runs; the order of the others is as before.
// SPDX-License-Identifier: MIT
#include "support/finally.hpp"
#include "support/oracle.hpp"

#include <string>

using namespace oracle;

namespace {

eddy::Task<> child(std::string name) {
  trace("start", name);
  const Finally finally("left " + name);
  co_await eddy::sleep(1s);
  trace("done", name);
}

eddy::Task<> waiter(std::string name, eddy::TaskHandle<> task) {
  trace("start", name);
  try {
    co_await task;
  } catch (const eddy::CancelledError&) {
    trace(name, "sees a cancelled task");
  }
}

eddy::Task<> async_main() {
  auto a = eddy::create_task(child("a"));
  auto b = eddy::create_task(child("b"));
  auto c = eddy::create_task(waiter("c", b));
  auto d = eddy::create_task(child("d"));
  const bool first = b.cancel();
  const bool second = d.cancel();
  const bool third = d.cancel();
  trace("cancel:", first, second, third, "cancelling:", b.cancelling(), d.cancelling());
  trace("done:", b.done(), d.done());
  co_await eddy::yield();
  trace("done:", b.done(), d.done());
  trace("cancel:", b.cancel(), d.cancel());
  try {
    co_await d;
  } catch (const eddy::CancelledError&) {
    trace("main sees a cancelled task");
  }
  co_await c;
  co_await a;
}

}  // namespace

ORACLE_MAIN(async_main)
