// wait_for with no time left gives what is finished, starts nothing new, and cancels and waits for what runs.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

#include <optional>

using namespace oracle;

namespace {

struct Ends {
  std::string name;
  ~Ends() { trace(name, "ends"); }
};

eddy::Task<std::string> child(std::string name, std::chrono::seconds delay) {
  const Ends ends{name};
  trace(name, "starts");
  co_await eddy::sleep(delay);
  co_return name;
}

eddy::Task<> async_main() {
  const auto finished = eddy::create_task(child("finished", 1s));
  const auto running = eddy::create_task(child("running", 9s));
  co_await eddy::sleep(2s);
  trace("result", co_await eddy::wait_for(finished, 0s));
  try {
    co_await eddy::wait_for(running, 0s);
  } catch (const eddy::TimeoutError&) {
    trace("running: timed out, cancelled:", running.cancelled());
  }
  try {
    co_await eddy::wait_for(child("new", 1s), 0s);
  } catch (const eddy::TimeoutError&) {
    trace("new: timed out");
  }
  trace("result", co_await eddy::wait_for(child("unlimited", 99s), std::nullopt));
}

}  // namespace

ORACLE_MAIN(async_main)
