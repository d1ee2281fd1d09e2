// cancel runs nothing of the task at once: it is left in its own turn, in the order of the cancels, with the reason.
// SPDX-License-Identifier: MIT
#include "support/finally.hpp"
#include "support/oracle.hpp"

#include <string>
#include <vector>

using namespace oracle;

namespace {

eddy::Task<> child(std::string name) {
  trace("start", name);
  const Finally finally("left " + name);
  co_await eddy::sleep(9s);
}

eddy::Task<> async_main() {
  auto a = eddy::create_task(child("a"));
  auto b = eddy::create_task(child("b"));
  auto c = eddy::create_task(child("c"));
  co_await eddy::sleep(1s);
  eddy::get_running_loop().call_soon([] { trace("callback 1"); });
  c.cancel("c is not needed");
  a.cancel("a is not needed");
  eddy::get_running_loop().call_soon([] { trace("callback 2"); });
  trace("cancelled:", a.cancelled(), c.cancelled());
  const std::vector<eddy::TaskHandle<>> tasks{a, c};
  for (const auto& task : tasks) {
    try {
      co_await task;
    } catch (const eddy::CancelledError& error) {
      trace("main caught:", error.what());
    }
  }
  trace("cancelled:", a.cancelled(), b.cancelled(), c.cancelled());
  b.cancel();
  const std::vector<eddy::TaskHandle<>> waited{b};
  (void)co_await eddy::wait(waited);
  trace("b:", b.cancelled());
}

}  // namespace

ORACLE_MAIN(async_main)
