// Tests of eddy/testing/virtual_clock.hpp.
// SPDX-License-Identifier: MIT
#include <eddy/testing/virtual_clock.hpp>

#include "support/run.hpp"

#include <eddy/testing/blocked.hpp>

#include <chrono>
#include <limits>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using eddy::testing::run_test;

namespace {

using Log = std::vector<std::string>;

eddy::Task<> log_after(Log& log, eddy::Duration delay, std::string name) {
  co_await eddy::sleep(delay);
  log.push_back(name);
}

}  // namespace

EDDY_LOOP_TEST_CASE("the virtual clock jumps from deadline to deadline, and no real time passes", "[testing]") {
  eddy::testing::VirtualClock clock;
  Log log;
  const auto real = std::chrono::steady_clock::now();
  const auto body = [&]() -> eddy::Task<> {
    co_await eddy::gather(log_after(log, 48h, "two days"), log_after(log, 1h, "an hour"), log_after(log, 24h, "a day"));
  };
  run_test(body, {.clock = &clock});
  CHECK(log == Log{"an hour", "a day", "two days"});
  CHECK(clock.elapsed() == 48h);
  CHECK(std::chrono::steady_clock::now() - real < 30s);
}

EDDY_LOOP_TEST_CASE("the virtual clock stands still while anything can run", "[testing]") {
  Log log;
  const auto body = [&]() -> eddy::Task<> {
    const auto start = test::now();
    auto soon = eddy::create_task(log_after(log, 1ns, "timer"));
    for (int i = 0; i < 1000; ++i) co_await eddy::yield();
    CHECK(log.empty());
    CHECK(test::now() == start);
    co_await soon;
    CHECK(test::now() - start == 1ns);
  };
  run_test(body);
}

EDDY_LOOP_TEST_CASE("advance moves the clock by hand, and timers that are due fire in the next pass", "[testing]") {
  eddy::testing::VirtualClock clock;
  Log log;
  const auto body = [&]() -> eddy::Task<> {
    auto near = eddy::create_task(log_after(log, 10s, "near"));
    auto far = eddy::create_task(log_after(log, 20s, "far"));
    co_await eddy::testing::wait_all_tasks_blocked();
    clock.advance(9s);
    co_await eddy::testing::wait_all_tasks_blocked();
    CHECK(log.empty());
    clock.advance(1s);
    CHECK(log.empty());  // nothing runs inside of the call
    co_await eddy::testing::wait_all_tasks_blocked();
    CHECK(log == Log{"near"});
    clock.advance(-5s);
    clock.advance(0s);
    CHECK(clock.elapsed() == 10s);
    clock.advance(1h);  // beyond the deadline: far is late
    co_await far;
    CHECK(clock.elapsed() == 1h + 10s);
    co_await near;
  };
  run_test(body, {.clock = &clock});
  CHECK(log == Log{"near", "far"});
}

EDDY_LOOP_TEST_CASE("advance saturates at the end of time", "[testing]") {
  eddy::testing::VirtualClock clock;
  clock.advance(std::chrono::hours::max());
  clock.advance(std::chrono::hours::max());
  CHECK(clock.now() == eddy::TimePoint::max());
}

EDDY_LOOP_TEST_CASE("a frozen clock does not jump, and goes on jumping once it is let", "[testing][real]") {
  eddy::testing::VirtualClock clock;
  const auto body = [&]() -> eddy::Task<> {
    Log log;
    auto sleeper = eddy::create_task(log_after(log, 1h, "slept"));
    clock.freeze();
    auto& loop = eddy::get_running_loop();
    const eddy::LoopHold hold = loop.hold();
    for (int i = 0; i < 200; ++i) co_await eddy::yield();
    CHECK(log.empty());
    CHECK(clock.elapsed() == 0s);
    clock.advance(30min);
    co_await eddy::testing::wait_all_tasks_blocked();
    CHECK(log.empty());
    clock.freeze(false);
  };
  run_test(body, {.clock = &clock, .may_leave_tasks = true});
  CHECK(clock.elapsed() == 30min);
  const auto sleep_on = []() -> eddy::Task<> { co_await eddy::sleep(1h); };
  run_test(sleep_on, {.clock = &clock});
  CHECK(clock.elapsed() == 90min);
}

EDDY_LOOP_TEST_CASE("one clock goes on through several runs", "[testing]") {
  eddy::testing::VirtualClock clock;
  const auto nap = []() -> eddy::Task<> { co_await eddy::sleep(5s); };
  for (int i = 0; i < 3; ++i) run_test(nap, {.clock = &clock});
  CHECK(clock.elapsed() == 15s);
}
