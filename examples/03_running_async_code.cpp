// Two ways to run a coroutine.
//
// From plain code: `eddy::run(task)` starts a loop for it and gives its result, as `asyncio.run`. From a coroutine:
// `eddy::create_task(task)` schedules it on the running loop at once, as `asyncio.create_task`; awaiting the handle
// waits for its result.
//
// SPDX-License-Identifier: MIT

#include <eddy/eddy.hpp>

#include <fmt/format.h>

#include <chrono>
#include <string>

using namespace std::chrono_literals;

eddy::Task<std::string> task() {
  co_await eddy::sleep(1s);
  co_return "done";
}

eddy::Task<> async_main() {
  const std::string result = co_await eddy::create_task(task());
  fmt::print("{}\n", result);
}

int main() {
  eddy::run(task());  // gives "done", which is not used here
  eddy::run(async_main());
}
