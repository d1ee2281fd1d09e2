// Cancelled tasks end in the order of the cancels, among callbacks and others; one that has not started never does.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

using namespace oracle;

namespace {

struct Ends {
  const std::string& name;
  ~Ends() { trace(name, "ends"); }
};

eddy::Task<> sleeper(std::string name) {
  const Ends ends{name};
  trace(name, "starts");
  co_await eddy::sleep(9s);
}

eddy::Task<> async_main() {
  eddy::EventLoop& loop = eddy::get_running_loop();
  auto a = eddy::create_task(sleeper("a"));
  auto b = eddy::create_task(sleeper("b"));
  auto c = eddy::create_task(sleeper("c"));
  co_await eddy::sleep(1s);
  for (auto* task : {&a, &b, &c}) {
    task->add_done_callback([](const eddy::TaskHandle<>& t) { trace("done callback, cancelled:", t.cancelled()); });
  }
  auto late = eddy::create_task(sleeper("late"));
  loop.call_soon([] { trace("callback 1"); });
  c.cancel();
  loop.call_soon([] { trace("callback 2"); });
  a.cancel();
  const bool cancelled_late = late.cancel();
  trace("cancel:", cancelled_late, c.cancel());
  b.cancel();
  trace("all are cancelled, none has ended:", !c.done());
  co_await eddy::yield();
  trace("a turn later", a.done(), b.done(), c.done(), late.done());
  co_await eddy::yield();
  const bool again = a.cancel();
  trace("cancel:", again, "cancelling:", a.cancelling(), b.cancelling(), c.cancelling());
}

}  // namespace

ORACLE_MAIN(async_main)
