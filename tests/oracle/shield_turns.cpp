// Designed difference: a shield takes no turn of its own: who awaits a task through it goes on with the others who await it.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

using namespace oracle;

namespace {

eddy::Task<> child() {
  co_await eddy::sleep(1s);
  trace("child ends");
}

eddy::Task<> plain(eddy::TaskHandle<> task) {
  co_await task;
  trace("plain goes on");
}

eddy::Task<> shielded(eddy::TaskHandle<> task) {
  co_await eddy::shield(task);
  trace("shielded goes on");
}

eddy::Task<> ticker(eddy::TaskHandle<> task) {
  co_await task;
  for (int turn = 0; turn < 3; ++turn) {
    trace("turn", turn);
    co_await eddy::yield();
  }
}

eddy::Task<> async_main() {
  const auto task = eddy::create_task(child());
  const auto a = eddy::create_task(ticker(task));
  const auto b = eddy::create_task(shielded(task));
  const auto c = eddy::create_task(plain(task));
  co_await eddy::gather(a, b, c);
}

}  // namespace

ORACLE_MAIN(async_main)
