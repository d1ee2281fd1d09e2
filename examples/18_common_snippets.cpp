// Three small things that are often needed.
//
// A task in the background that nobody awaits: the loop keeps it, `eddy::all_tasks` finds it, and its handle tells how
// it ended. The first of two tasks: `eddy::wait` with `first_completed` (asyncio's FIRST_COMPLETED) gives the handles of
// those that are done and of those that still run; it cancels none. A time limit: `eddy::wait_for` stops the work when
// the time is over, and throws `eddy::TimeoutError`.
//
// SPDX-License-Identifier: MIT

#include <eddy/eddy.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

using namespace std::chrono_literals;

eddy::Task<std::string> work(std::string name, std::chrono::milliseconds duration) {
  co_await eddy::sleep(duration);
  co_return name + " is done";
}

void print_all_tasks() {
  std::vector<std::string> names;
  for (const eddy::TaskRef& task : eddy::all_tasks()) {
    names.push_back(task.name());
  }
  std::sort(names.begin(), names.end());
  fmt::print("running: {}\n", fmt::join(names, ", "));
}

eddy::Task<> track() {
  const auto task = eddy::create_task(work("the background task", 100ms), {.name = "background"});
  print_all_tasks();
  co_await eddy::sleep(200ms);
  print_all_tasks();
  fmt::print("{}\n", task.result());
}

eddy::Task<> wait_for_first() {
  const std::vector<eddy::TaskHandle<std::string>> tasks{
      eddy::create_task(work("task 1", 100ms)),
      eddy::create_task(work("task 2", 200ms)),
  };
  const auto result = co_await eddy::wait(tasks, eddy::ReturnWhen::first_completed);
  for (const auto& task : result.done) {
    fmt::print("first: {}\n", task.result());
  }
  for (const auto& task : result.pending) {
    fmt::print("later: {}\n", co_await task);
  }
}

eddy::Task<> limit_time() {
  try {
    const std::string result = co_await eddy::wait_for(work("the slow work", 10s), 5s);
    fmt::print("{}\n", result);
  } catch (const eddy::TimeoutError&) {
    fmt::print("Operation timed out\n");
  }
}

eddy::Task<> async_main() {
  eddy::current_task().set_name("main");
  co_await track();
  co_await wait_for_first();
  co_await limit_time();
}

int main() { eddy::run(async_main()); }
