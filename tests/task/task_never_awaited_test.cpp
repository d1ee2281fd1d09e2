// Debug mode's report of a Task that is dropped without having run; and what is no such Task.
//
// SPDX-License-Identifier: MIT
#include "support/run.hpp"

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace test;

namespace {

constexpr int kLine = __LINE__ + 1;
eddy::Task<int> work() { co_return 1; }
eddy::Task<> doze() { co_await eddy::sleep(1h); }
eddy::Task<int> fail() {
  throw std::runtime_error("no");
  co_return 1;
}

// What a test in debug mode reports of tasks that were never awaited.
template <class F>
std::vector<std::string> never_awaited(F body, bool debug = true) {
  std::vector<std::string> found;
  run_virtual([&]() -> eddy::Task<> {
    eddy::get_running_loop().set_debug(debug);
    eddy::get_running_loop().set_slow_callback_duration(1h);
    co_await body();
    co_await settle(3);
    for (std::string& report : take_reports()) {
      if (report.find("never awaited") != std::string::npos) found.push_back(std::move(report));
    }
  });
  return found;
}

}  // namespace

EDDY_LOOP_TEST_CASE("debug mode reports a task that was dropped without having run, with its coroutine's line", "[never_awaited]") {
  const auto forget = []() -> eddy::Task<> {
    const eddy::Task<int> forgotten = work();
    co_return;
  };
  const std::vector<std::string> reports = never_awaited(forget);
  REQUIRE(reports.size() == 1);
  CHECK(reports[0] == "a task was never awaited; its coroutine is at " __FILE__ ":" + std::to_string(kLine));
  CHECK(never_awaited(forget, false).empty());
}

EDDY_LOOP_TEST_CASE("debug mode reports tasks that are dropped by an assignment, in a container or in a callback", "[never_awaited]") {
  CHECK(never_awaited([]() -> eddy::Task<> {
    eddy::Task<int> task = work();
    task = work();
    (void)co_await std::move(task);
  }).size() == 1);
  CHECK(never_awaited([]() -> eddy::Task<> {
    std::vector<eddy::Task<int>> tasks;
    tasks.push_back(work());
    tasks.push_back(work());
    co_return;
  }).size() == 2);
  CHECK(never_awaited([]() -> eddy::Task<> {
    eddy::get_running_loop().call_soon([] { const eddy::Task<int> forgotten = work(); });
    co_return;
  }).size() == 1);
}

EDDY_LOOP_TEST_CASE("no task is reported that was used, moved or empty", "[never_awaited]") {
  CHECK(never_awaited([]() -> eddy::Task<> {
    eddy::Task<int> empty;
    eddy::Task<int> moved = work();
    eddy::Task<int> task = std::move(moved);
    (void)co_await std::move(task);
    (void)co_await eddy::create_task(work());
    std::vector<eddy::Task<int>> tasks;
    tasks.push_back(work());
    (void)co_await eddy::gather(std::move(tasks));
  }).empty());
}

EDDY_LOOP_TEST_CASE("no task is reported that a combinator was given and did not need to start", "[never_awaited]") {
  CHECK(never_awaited([]() -> eddy::Task<> {
    (void)co_await eddy::race(work(), work(), work());
    std::vector<eddy::Task<int>> racing;
    for (int i = 0; i < 3; ++i) racing.push_back(work());
    (void)co_await eddy::race(std::move(racing));
    std::vector<eddy::Task<int>> failing;
    failing.push_back(fail());
    failing.push_back(work());
    try {
      (void)co_await eddy::gather(std::move(failing));
    } catch (const std::runtime_error&) {
    }
    try {
      (void)co_await eddy::wait_for(work(), 0s);
    } catch (const eddy::TimeoutError&) {
    }
    (void)co_await eddy::move_on_after(0s, work());
  }).empty());
}

EDDY_LOOP_TEST_CASE("no task is reported that an exception or a cancel kept from being awaited", "[never_awaited]") {
  CHECK(never_awaited([]() -> eddy::Task<> {
    const auto throws = []() -> eddy::Task<> {
      eddy::Task<int> later = work();
      co_await fail();
      (void)co_await std::move(later);
    };
    try {
      co_await throws();
    } catch (const std::runtime_error&) {
    }
    const auto waits = []() -> eddy::Task<> {
      eddy::Task<int> later = work();
      co_await doze();
      (void)co_await std::move(later);
    };
    auto waiting = eddy::create_task(waits());
    auto unstarted = eddy::create_task([](eddy::Task<int> task) -> eddy::Task<> { (void)co_await std::move(task); }, work());
    waiting.cancel();
    unstarted.cancel();
    co_await settle(2);
  }).empty());
}
