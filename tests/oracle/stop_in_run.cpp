// stop inside a run ends it with an error after the pass; before a run, after the run's first pass. A task that is done by
// then still gives its value. What is left is cancelled at the end.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

using namespace oracle;

namespace {

struct Over {
  explicit Over(std::string who) : name(std::move(who)) {}
  Over(const Over&) = delete;
  Over& operator=(const Over&) = delete;
  ~Over() { trace(name, "is over"); }
  std::string name;
};

eddy::Task<std::string> child(std::string name, int turns) {
  const Over over(name);
  for (int turn = 0; turn < turns; ++turn) {
    trace(name, turn);
    co_await eddy::yield();
  }
  co_return name;
}

eddy::Task<> sleeper() {
  const Over over("left");
  co_await eddy::sleep(10s);
}

eddy::Task<std::string> stops() {
  (void)eddy::create_task(sleeper());
  co_await eddy::yield();
  eddy::get_running_loop().stop();
  trace("stop");
  co_await eddy::sleep(10s);
  co_return "never";
}

void run(eddy::Runner& runner, eddy::Task<std::string> main) {
  try {
    trace("value", runner.run(std::move(main)));
  } catch (const eddy::RuntimeError&) {
    trace("stopped too early");
  }
}

int program() {
  eddy::testing::VirtualClock clock;
  eddy::RunOptions options;
  options.clock = &clock;
  {
    eddy::Runner runner(options);
    runner.get_loop().call_later(0s, [] { trace("timer"); });
    runner.get_loop().stop();
    run(runner, child("x", 2));
    run(runner, child("y", 1));
    run(runner, stops());
  }
  trace("closed");
  return 0;
}

}  // namespace

ORACLE_PROGRAM(program)
