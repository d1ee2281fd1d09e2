// Callbacks and tasks share one queue, first come, first served; what is added in a pass runs in the next one.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

using namespace oracle;

namespace {

eddy::Task<> child(std::string name) {
  trace("task", name);
  co_await eddy::yield();
  trace("task", name, "again");
}

eddy::Handle call_soon(std::string name, int depth);

void callback(const std::string& name, int depth) {
  trace("callback", name);
  if (depth > 0) call_soon(name + "'", depth - 1);
}

eddy::Handle call_soon(std::string name, int depth) {
  return eddy::get_running_loop().call_soon([name, depth] { callback(name, depth); });
}

eddy::Task<> async_main() {
  const auto a = eddy::create_task(child("a"));
  call_soon("b", 2);
  const auto c = eddy::create_task(child("c"));
  eddy::Handle handle = call_soon("cancelled", 0);
  call_soon("d", 0);
  handle.cancel();
  trace("all are queued, cancelled:", handle.cancelled());
  co_await eddy::yield();
  trace("main, a turn later");
  co_await eddy::yield();
  trace("main, another turn later");
  co_await eddy::gather(a, c);
}

}  // namespace

ORACLE_MAIN(async_main)
