// With return_exceptions a failure and a cancel are results like any other, and nobody is stopped by them.
// SPDX-License-Identifier: MIT
#include "support/finally.hpp"
#include "support/oracle.hpp"

#include <chrono>
#include <stdexcept>
#include <string>

using namespace oracle;

namespace {

eddy::Task<std::string> child(std::string name, std::chrono::seconds delay, bool fails = false) {
  trace("start", name);
  const Finally finally("left " + name);
  co_await eddy::sleep(delay);
  if (fails) throw std::invalid_argument(name + " failed");
  co_return "value of " + name;
}

eddy::Task<std::string> cancel(eddy::TaskHandle<std::string> task, std::chrono::seconds delay) {
  co_await eddy::sleep(delay);
  trace("cancel c");
  task.cancel();
  co_return "value of cancel";
}

std::string describe(const eddy::Outcome<std::string>& result) {
  if (result.cancelled()) return "cancelled";
  if (result.has_exception()) return "error: " + result.what();
  return result.value();
}

eddy::Task<> async_main() {
  auto task = eddy::create_task(child("c", 9s));
  co_await eddy::yield();
  const auto [a, b, c, d, e] = co_await eddy::gather(eddy::return_exceptions, child("a", 4s), child("b", 1s, true),
                                                     task, cancel(task, 2s), child("e", 3s, true));
  trace(describe(a));
  trace(describe(b));
  trace(describe(c));
  trace(describe(d));
  trace(describe(e));
}

}  // namespace

ORACLE_MAIN(async_main)
