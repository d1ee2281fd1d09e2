// Several tasks await one task: they go on in the order in which they came, each with the value or the error.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

#include <chrono>
#include <stdexcept>
#include <string>

using namespace oracle;

namespace {

eddy::Task<std::string> shared(std::string name, bool fails) {
  trace(name, "works");
  co_await eddy::sleep(2s);
  trace(name, "ends");
  if (fails) throw std::invalid_argument(name + " failed");
  co_return name;
}

eddy::Task<> waiter(std::string name, std::chrono::milliseconds delay, eddy::TaskHandle<std::string> task) {
  co_await eddy::sleep(delay);
  trace(name, "waits");
  try {
    trace(name, "got", co_await task);
  } catch (const std::invalid_argument& error) {
    trace(name, "caught:", error.what());
  }
  co_await eddy::yield();
  trace(name, "ends");
}

eddy::Task<> async_main() {
  for (const bool fails : {false, true}) {
    auto task = eddy::create_task(shared(fails ? "bad" : "good", fails));
    co_await eddy::gather(waiter("a", 1s, task), waiter("b", 500ms, task), waiter("c", 3s, task));
  }
}

}  // namespace

ORACLE_MAIN(async_main)
