// The children of a Python gather wait for their turn; here they start at once, so they come before what was queued.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

#include <string>

using namespace oracle;

namespace {

eddy::Task<std::string> quick(std::string name) {
  trace("quick", name);
  co_return name;
}

eddy::Task<std::string> slow(std::string name) {
  trace("slow", name);
  co_await eddy::sleep(1s);
  trace("slow", name, "ends");
  co_return name;
}

eddy::Task<> bystander() {
  trace("bystander");
  co_return;
}

eddy::Task<> async_main() {
  eddy::EventLoop& loop = eddy::get_running_loop();
  loop.call_soon([] { trace("callback 1"); });
  co_await eddy::gather();
  trace("nothing was gathered");
  auto task = eddy::create_task(bystander());
  const auto [a, b] = co_await eddy::gather(quick("a"), quick("b"));
  trace("main has", a, b);
  loop.call_soon([] { trace("callback 2"); });
  const auto [c, d] = co_await eddy::gather(slow("c"), quick("d"));
  trace("main has", c, d);
  co_await task;
}

}  // namespace

ORACLE_MAIN(async_main)
