// Designed difference: who was woken and is cancelled in the same turn goes on, and is stopped where he waits next.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

#include <vector>

using namespace oracle;

namespace {

struct Ends {
  const char* name;
  ~Ends() { trace(name, "ends"); }
};

template <class Wait>
eddy::Task<> waiter(const char* name, Wait wait) {
  const Ends ends{name};
  co_await wait();
  trace(name, "goes on");
  co_await eddy::sleep(1s);
  trace(name, "goes further");
}

eddy::Task<> wait_for_future(eddy::Future<void> future) { co_await future; }

eddy::Task<> async_main() {
  eddy::Event event;
  const auto future = eddy::get_running_loop().create_future();

  const auto for_event = [&event] { return event.wait(); };
  const auto for_future = [&future] { return wait_for_future(future); };
  const auto for_turn = [] { return eddy::sleep(0s); };
  const auto for_sleep = [] { return eddy::sleep(2s); };
  std::vector<eddy::TaskHandle<>> tasks;
  tasks.push_back(eddy::create_task(waiter("event", for_event)));
  tasks.push_back(eddy::create_task(waiter("future", for_future)));
  tasks.push_back(eddy::create_task(waiter("turn", for_turn)));
  tasks.push_back(eddy::create_task(waiter("sleep", for_sleep)));
  co_await eddy::yield();
  event.set();
  future.set_result();
  for (auto& task : tasks) task.cancel();
  trace("woke three of four, cancelled all");
  co_await eddy::wait(tasks);
  trace("cancelled:", tasks[0].cancelled(), tasks[1].cancelled(), tasks[2].cancelled(), tasks[3].cancelled());
}

}  // namespace

ORACLE_MAIN(async_main)
