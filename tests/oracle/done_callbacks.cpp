// Done callbacks and waiters are told in the order in which they came, a turn after the end; late ones a turn later.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

using namespace oracle;

namespace {

eddy::Task<int> child() {
  co_await eddy::sleep(1s);
  trace("child ends");
  co_return 42;
}

eddy::Task<> waiter(std::string name, eddy::TaskHandle<int> task) {
  trace(name, "waits");
  trace(name, "got", co_await task);
}

void late(eddy::TaskHandle<int> task) {
  trace("callback 2");
  task.add_done_callback([] { trace("callback 4, added by 2"); });
  eddy::get_running_loop().call_soon([] { trace("callback 5, from call_soon"); });
}

eddy::Task<> async_main() {
  auto task = eddy::create_task(child());
  task.add_done_callback([](const eddy::TaskHandle<int>& t) { trace("callback 1", t.result()); });
  const auto a = eddy::create_task(waiter("a", task));
  co_await eddy::yield();

  task.add_done_callback([](const eddy::TaskHandle<int>& t) { late(t); });
  const auto b = eddy::create_task(waiter("b", task));
  co_await eddy::yield();
  task.add_done_callback([] { trace("callback 3"); });
  co_await eddy::gather(a, b);
  task.add_done_callback([] { trace("callback 6, to a task that is done"); });
  trace("main has added it");
  co_await eddy::yield();
  trace("main ends");
}

}  // namespace

ORACLE_MAIN(async_main)
