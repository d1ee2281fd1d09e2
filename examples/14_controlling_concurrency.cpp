// Ten tasks, three at a time.
//
// The guard that `co_await semaphore.scoped()` gives is asyncio's `async with semaphore`: what stands below it in the
// block runs with a permit. Waiters get their permits in the order in which they came, so the tasks start in order,
// three each second.
//
// SPDX-License-Identifier: MIT

#include <eddy/eddy.hpp>

#include <fmt/format.h>

#include <chrono>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

eddy::Task<> task_with_semaphore(eddy::Semaphore& semaphore, int task_id) {
  const auto permit = co_await semaphore.scoped();
  fmt::print("Task {} started\n", task_id);
  co_await eddy::sleep(1s);
  fmt::print("Task {} completed\n", task_id);
}

eddy::Task<> async_main() {
  eddy::Semaphore semaphore{3};

  std::vector<eddy::Task<>> tasks;
  for (int i = 0; i < 10; ++i) {
    tasks.push_back(task_with_semaphore(semaphore, i));
  }
  co_await eddy::gather(std::move(tasks));
}

int main() { eddy::run(async_main()); }
