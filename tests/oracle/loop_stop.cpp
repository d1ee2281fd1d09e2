// stop ends the loop after the pass in which it is called; what became ready meanwhile runs when the loop is run again.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

#include <vector>

using namespace oracle;

namespace {

eddy::Task<std::string> child(std::string name) {
  for (int turn = 0; turn < 5; ++turn) {
    trace(name, turn);
    co_await eddy::yield();
  }
  co_return name;
}

void stop(eddy::EventLoop& loop) {
  trace("stop");
  loop.stop();
  loop.call_soon([] { trace("callback, added in that pass"); });
}

using Tasks = std::vector<eddy::TaskHandle<std::string>>;

void start(eddy::EventLoop& loop, Tasks& tasks) {
  tasks.push_back(eddy::create_task(child("a")));
  loop.call_soon([&loop] { stop(loop); });
  tasks.push_back(eddy::create_task(child("b")));
  loop.call_later(1s, [] { trace("timer"); });
  trace("all are queued");
}

eddy::Task<> nap() { co_await eddy::sleep(2s); }

int program() {
  eddy::testing::VirtualClock clock;
  eddy::EventLoop loop(&clock);
  Tasks tasks;
  loop.call_soon([&] { start(loop, tasks); });
  loop.run_forever();
  trace("stopped, running:", loop.is_running());
  loop.stop();
  loop.run_forever();
  trace("one pass later");
  trace("result", loop.run_until_complete(tasks[0]));
  trace("result", loop.run_until_complete(tasks[1]));
  loop.run_until_complete(nap());
  loop.close();
  trace("closed:", loop.is_closed());
  return 0;
}

}  // namespace

ORACLE_PROGRAM(program)
