// A cancelled waiter cancels the future that it awaits, and with it all others who do; they end in their order.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

#include <vector>

using namespace oracle;

namespace {

struct Ends {
  const std::string& name;
  ~Ends() { trace(name, "ends"); }
};

eddy::Task<> waiter(std::string name, eddy::Future<int> future) {
  const Ends ends{name};
  trace(name, "waits");
  trace(name, "got", co_await future);
}

eddy::Task<> async_main() {
  const auto future = eddy::get_running_loop().create_future<int>();
  future.add_done_callback([](const eddy::Future<int>& f) { trace("the future is done, cancelled:", f.cancelled()); });
  auto a = eddy::create_task(waiter("a", future));
  auto b = eddy::create_task(waiter("b", future));
  auto c = eddy::create_task(waiter("c", future));
  co_await eddy::yield();
  b.cancel();
  trace("cancelled b");
  const std::vector tasks{a, b, c};
  co_await eddy::wait(tasks);
  trace(a.cancelled(), b.cancelled(), c.cancelled());
}

}  // namespace

ORACLE_MAIN(async_main)
