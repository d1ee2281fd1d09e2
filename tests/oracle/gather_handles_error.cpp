// A gather of running tasks throws the first error at once and leaves the other tasks running.
// SPDX-License-Identifier: MIT
#include "support/finally.hpp"
#include "support/oracle.hpp"

#include <chrono>
#include <stdexcept>
#include <string>

using namespace oracle;

namespace {

eddy::Task<> child(std::string name, std::chrono::seconds delay, bool fails = false) {
  trace("start", name);
  const Finally finally("left " + name);
  co_await eddy::sleep(delay);
  if (fails) throw std::invalid_argument(name + " failed");
  trace("done", name);
}

eddy::Task<> async_main() {
  auto a = eddy::create_task(child("a", 2s));
  auto b = eddy::create_task(child("b", 1s, true));
  auto c = eddy::create_task(child("c", 3s));
  trace("created");
  try {
    co_await eddy::gather(a, b, c);
  } catch (const std::invalid_argument& error) {
    trace("main caught:", error.what());
  }
  trace("done:", a.done(), b.done(), c.done());
  co_await eddy::gather(a, c);
  trace("done:", a.done(), b.done(), c.done());
}

}  // namespace

ORACLE_MAIN(async_main)
