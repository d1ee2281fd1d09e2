// sleep(0) gives everybody else who is ready one turn; tasks, callbacks and woken waiters keep their order of arrival.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

using namespace oracle;

namespace {

eddy::Task<> counter(std::string name, int turns) {
  for (int turn = 0; turn < turns; ++turn) {
    trace(name, turn);
    co_await eddy::sleep(0s);
  }
  trace(name, "ends");
}

eddy::Task<> waiter(eddy::Event& event) {
  co_await event.wait();
  trace("the waiter wakes");
}

eddy::Task<> async_main() {
  eddy::Event event;
  const auto w = eddy::create_task(waiter(event));
  const auto a = eddy::create_task(counter("a", 3));
  const auto b = eddy::create_task(counter("b", 1));
  const auto c = eddy::create_task(counter("c", 2));
  co_await eddy::sleep(0s);
  trace("main has had one turn");
  eddy::get_running_loop().call_soon([] { trace("the callback"); });
  event.set();
  co_await eddy::sleep(0s);
  trace("main has had two");
  co_await eddy::gather(w, a, b, c);
  trace("main ends");
}

}  // namespace

ORACLE_MAIN(async_main)
