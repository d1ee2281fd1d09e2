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

EDDY_LOOP_TEST_CASE("debug mode reports the tasks in a combinator that was made and never awaited", "[never_awaited]") {
  const auto tasks = [] {
    std::vector<eddy::Task<int>> made;
    made.push_back(work());
    made.push_back(work());
    return made;
  };
  const std::vector<std::string> reports = never_awaited([]() -> eddy::Task<> {
    [[maybe_unused]] auto both = eddy::gather(work(), work());
    co_await eddy::yield();
  });
  REQUIRE(reports.size() == 2);
  CHECK(reports[0] == "a task was never awaited; its coroutine is at " __FILE__ ":" + std::to_string(kLine));
  CHECK(reports[1] == reports[0]);
  CHECK(never_awaited([&]() -> eddy::Task<> {
    [[maybe_unused]] auto all = eddy::gather(tasks());
    [[maybe_unused]] auto outcomes = eddy::gather(eddy::return_exceptions, work());
    co_return;
  }).size() == 3);
  CHECK(never_awaited([&]() -> eddy::Task<> {
    [[maybe_unused]] auto first = eddy::race(work(), work());
    [[maybe_unused]] auto of_range = eddy::race(tasks());
    co_return;
  }).size() == 4);
  CHECK(never_awaited([]() -> eddy::Task<> {
    [[maybe_unused]] auto timed = eddy::timeout(1s, work());
    [[maybe_unused]] auto moved = eddy::move_on_after(1s, work());
    [[maybe_unused]] auto waited = eddy::wait_for(work(), 1s);
    [[maybe_unused]] auto masked = eddy::uncancellable(work());
    co_return;
  }).size() == 4);
  CHECK(never_awaited([]() -> eddy::Task<> {
    auto made = eddy::gather(work(), work());
    auto kept = std::move(made);
    (void)co_await kept;
  }).empty());
}

EDDY_LOOP_TEST_CASE("no task is reported that an awaited combinator kept in a variable did not start", "[never_awaited]") {
  CHECK(never_awaited([]() -> eddy::Task<> {
    auto first = eddy::race(work(), work());
    (void)co_await first;
    auto done = eddy::create_task(work());
    co_await done;
    auto with_handle = eddy::race(done, work());
    (void)co_await with_handle;
    auto both = eddy::gather(fail(), work());
    try {
      (void)co_await both;
    } catch (const std::runtime_error&) {
    }
    auto late = eddy::wait_for(work(), 0s);
    try {
      (void)co_await late;
    } catch (const eddy::TimeoutError&) {
    }
  }).empty());
  CHECK(never_awaited([]() -> eddy::Task<> {
    auto stopped = eddy::create_task([]() -> eddy::Task<> {
      eddy::current_task().cancel();
      auto both = eddy::gather(work(), work());
      (void)co_await both;
    });
    co_await settle(2);
    if (!stopped.cancelled()) throw std::logic_error("it was not stopped");
  }).empty());
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
