// When one of several tasks fails.
//
// `eddy::gather` throws the first exception of its tasks, as `asyncio.gather` does, but only after it has cancelled the
// other tasks and they have ended: none runs on behind the caller's back. `gather(return_exceptions, ...)`, asyncio's
// `return_exceptions=True`, throws none of them: it waits for every task and gives an `Outcome` for each, which holds a
// value or an error.
//
// SPDX-License-Identifier: MIT

#include <eddy/eddy.hpp>

#include <fmt/format.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

eddy::Task<std::string> task(std::string name, bool fail = false) {
  co_await eddy::sleep(100ms);
  if (fail) {
    throw std::runtime_error(name + " failed");
  }
  co_return name + " succeeded";
}

eddy::Task<> async_main() {
  try {
    co_await eddy::gather(task("A"), task("B", true), task("C"));
  } catch (const std::runtime_error& error) {
    fmt::print("Failed: {}\n", error.what());
  }

  std::vector<eddy::Task<std::string>> tasks;
  tasks.push_back(task("A"));
  tasks.push_back(task("B", true));
  tasks.push_back(task("C"));

  const auto results = co_await eddy::gather(eddy::return_exceptions, std::move(tasks));
  for (const auto& result : results) {
    if (result.has_value()) {
      fmt::print("Success: {}\n", result.value());
    } else {
      fmt::print("Error: {}\n", result.what());
    }
  }
}

int main() { eddy::run(async_main()); }
