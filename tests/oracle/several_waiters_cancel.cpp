// A cancel of one waiter cancels the task that it awaits, and so everybody else who awaits that task.
// SPDX-License-Identifier: MIT
#include "support/finally.hpp"
#include "support/oracle.hpp"

#include <string>
#include <vector>

using namespace oracle;

namespace {

eddy::Task<> shared() {
  const Finally finally("left shared");
  trace("shared works");
  co_await eddy::sleep(9s);
}

eddy::Task<> waiter(std::string name, eddy::TaskHandle<> task) {
  trace(name, "waits");
  const Finally finally("left " + name);
  co_await task;
}

eddy::Task<> onlooker(std::string name, eddy::TaskHandle<> task) {
  trace(name, "waits");
  try {
    co_await task;
  } catch (const eddy::CancelledError&) {
    trace(name, "goes on, cancelling:", eddy::current_task().cancelling());
  }
  co_await eddy::sleep(1s);
  trace(name, "ends");
}

eddy::Task<> async_main() {
  auto task = eddy::create_task(shared());
  auto first = eddy::create_task(onlooker("first", task));
  auto second = eddy::create_task(waiter("second", task));
  auto third = eddy::create_task(waiter("third", task));
  auto fourth = eddy::create_task(onlooker("fourth", task));
  co_await eddy::sleep(1s);
  trace("cancel second");
  second.cancel();
  const std::vector<eddy::TaskHandle<>> all{first, second, third, fourth};
  (void)co_await eddy::wait(all);
  trace("cancelled:", task.cancelled(), first.cancelled(), second.cancelled(), third.cancelled(), fourth.cancelled());
}

}  // namespace

ORACLE_MAIN(async_main)
