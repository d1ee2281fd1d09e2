// Tasks start in the order of create_task, among the callbacks of call_soon; sleep(0) goes to the end of the queue.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

#include <string>

using namespace oracle;

namespace {

eddy::Task<> child(std::string name, int turns) {
  for (int turn = 0; turn < turns; ++turn) {
    trace(name, "turn", turn);
    co_await eddy::yield();
  }
  trace(name, "ends");
}

eddy::Task<> async_main() {
  eddy::EventLoop& loop = eddy::get_running_loop();
  loop.call_soon([] { trace("callback 1"); });
  auto a = eddy::create_task(child("a", 2));
  loop.call_soon([] { trace("callback 2"); });
  auto b = eddy::create_task(child("b", 3));
  loop.call_soon([&loop] { loop.call_soon([] { trace("callback of callback 3"); }); });
  trace("main goes on");
  co_await eddy::yield();
  trace("main after a turn");
  auto c = eddy::create_task(child("c", 1));
  loop.call_soon([] { trace("callback 4"); });
  co_await b;
  trace("main after b");
  co_await a;
  co_await c;
  trace("main ends");
}

}  // namespace

ORACLE_MAIN(async_main)
