// Many tasks, few of them at work at the same time.
//
// `eddy::Semaphore` is `asyncio.Semaphore`; `scoped()` is its `async with`: the permit that it gives goes back when the
// guard leaves its scope. Twenty requests of 0.1 s, five at a time, take 0.4 s. `gather` of a vector gives a vector of
// the results, in the order of the tasks.
//
// SPDX-License-Identifier: MIT

#include <eddy/eddy.hpp>

#include <fmt/ranges.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

/// The semaphore belongs to the caller, who waits for this task: a reference is safe.
eddy::Task<std::string> fetch_with_limit(std::string url, eddy::Semaphore& semaphore) {
  const auto permit = co_await semaphore.scoped();
  co_await eddy::sleep(100ms);
  co_return "Fetched: " + url;
}

eddy::Task<> async_main() {
  eddy::Semaphore semaphore{5};

  std::vector<eddy::Task<std::string>> tasks;
  for (int i = 0; i < 20; ++i) {
    tasks.push_back(fetch_with_limit(fmt::format("url-{}", i), semaphore));
  }

  const std::vector<std::string> results = co_await eddy::gather(std::move(tasks));
  fmt::print("['{}']\n", fmt::join(results, "', '"));
}

int main() { eddy::run(async_main()); }
