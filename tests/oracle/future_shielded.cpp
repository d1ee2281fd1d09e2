// A waiter that awaits a future through a shield can be cancelled, and the future and those who await it are not.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

#include <utility>
#include <vector>

using namespace oracle;

namespace {

struct Ends {
  const std::string& name;
  ~Ends() { trace(name, "ends"); }
};

template <class Awaitable>
eddy::Task<> waiter(std::string name, Awaitable awaitable) {
  const Ends ends{name};
  trace(name, "waits");
  trace(name, "got", co_await std::move(awaitable));
}

eddy::Task<> async_main() {
  eddy::EventLoop& loop = eddy::get_running_loop();
  const auto future = loop.create_future<int>();
  future.add_done_callback([](const eddy::Future<int>& f) { trace("the future is done, cancelled:", f.cancelled()); });
  auto a = eddy::create_task(waiter("a", eddy::shield(future)));
  const auto b = eddy::create_task(waiter("b", future));
  co_await eddy::yield();
  a.cancel();
  trace("cancelled a");
  const std::vector only_a{a};
  co_await eddy::wait(only_a);
  trace("the future is done:", future.done());
  future.set_result(1);
  trace("set");
  co_await b;
  trace(a.cancelled(), b.cancelled());
}

}  // namespace

ORACLE_MAIN(async_main)
