// Tests of eddy/task/sleep.hpp.
// SPDX-License-Identifier: MIT
#include <eddy/task/sleep.hpp>

#include "support/run.hpp"

#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace {

using Log = std::vector<std::string>;

eddy::Task<> log_turns(Log& log, std::string name, int turns) {
  for (int i = 1; i <= turns; ++i) {
    log.push_back(name + std::to_string(i));
    co_await eddy::yield();
  }
}

eddy::Task<> sleep_and_log(Log& log, std::string name, eddy::Duration delay) {
  co_await eddy::sleep(delay);
  log.push_back(name);
}

std::size_t armed_timers() { return eddy::EventLoop::Internals::timers(eddy::get_running_loop()).size(); }

}  // namespace

EDDY_LOOP_TEST_CASE("sleep completes when the time has passed on the loop's clock", "[task]") {
  eddy::testing::VirtualClock clock;
  test::run_virtual(
      []() -> eddy::Task<> {
        const auto start = test::now();
        co_await eddy::sleep(1500ms);
        CHECK(test::now() - start == 1500ms);
        co_await eddy::sleep(0.25s);
        CHECK(test::now() - start == 1750ms);
        co_await eddy::sleep(std::chrono::hours(24));
        CHECK(test::now() - start == 24h + 1750ms);
      },
      clock);
  CHECK(clock.elapsed() == 24h + 1750ms);
}

EDDY_LOOP_TEST_CASE("sleep(0) yields exactly once", "[task][c196][order]") {
  Log log;
  test::run_virtual([&]() -> eddy::Task<> {
    auto other = eddy::create_task(log_turns(log, "other", 3));
    log.push_back("before");
    co_await eddy::sleep(0s);
    log.push_back("once");
    co_await eddy::sleep(-1h);
    log.push_back("twice");
    co_await eddy::yield();
    log.push_back("three times");
  });
  CHECK(log == Log{"before", "other1", "once", "other2", "twice", "other3", "three times"});
}

EDDY_LOOP_TEST_CASE("sleep(0) arms no timer and lets no time pass", "[task][c196]") {
  eddy::testing::VirtualClock clock;
  test::run_virtual(
      []() -> eddy::Task<> {
        for (int i = 0; i < 100; ++i) co_await eddy::sleep(0s);
        const auto zero = []() -> eddy::Task<> { co_await eddy::sleep(0ns); };
        auto handle = eddy::create_task(zero());
        CHECK(armed_timers() == 0);
        co_await handle;
      },
      clock);
  CHECK(clock.elapsed() == 0s);
}

EDDY_LOOP_TEST_CASE("tasks that sleep wake in the order of their deadlines, equal ones in the order of the calls",
                    "[task][c209][order]") {
  Log log;
  test::run_virtual([&]() -> eddy::Task<> {
    std::vector<eddy::TaskHandle<>> tasks;
    tasks.push_back(eddy::create_task(sleep_and_log(log, "3", 3s)));
    tasks.push_back(eddy::create_task(sleep_and_log(log, "1", 1s)));
    tasks.push_back(eddy::create_task(sleep_and_log(log, "3 again", 3s)));
    tasks.push_back(eddy::create_task(sleep_and_log(log, "2", 2s)));
    for (auto& task : tasks) co_await task;
  });
  CHECK(log == Log{"1", "2", "3", "3 again"});
}

EDDY_LOOP_TEST_CASE("sleepers wake in the order of their deadlines though the loop was blocked past all of them",
                    "[task][c209][order]") {
  Log log;
  eddy::testing::VirtualClock clock;
  test::run_virtual(
      [&]() -> eddy::Task<> {
        auto two = eddy::create_task(sleep_and_log(log, "2", 2s));
        auto one = eddy::create_task(sleep_and_log(log, "1", 1s));
        co_await eddy::yield();
        clock.advance(10s);
        co_await two;
        co_await one;
      },
      clock);
  CHECK(log == Log{"1", "2"});
  CHECK(clock.elapsed() == 10s);
}

EDDY_LOOP_TEST_CASE("a cancelled sleep removes its timer now, not at its deadline", "[task][c197][c44][order]") {
  eddy::testing::VirtualClock clock;
  Log log;
  test::run_virtual(
      [&]() -> eddy::Task<> {
        auto sleeper = eddy::create_task(sleep_and_log(log, "never", 1h));
        co_await eddy::sleep(1s);
        CHECK(armed_timers() == 1);
        CHECK(sleeper.cancel());
        CHECK(armed_timers() == 0);
        CHECK_FALSE(sleeper.done());
        co_await eddy::yield();
        CHECK(sleeper.cancelled());
      },
      clock);
  CHECK(clock.elapsed() == 1s);
  CHECK(log.empty());
}

EDDY_LOOP_TEST_CASE("ten thousand sleepers with one deadline all wake, but for the cancelled ones",
                    "[task][c199][c210][order][large]") {
  int woken = 0;
  const auto sleeper = [&](eddy::TimePoint deadline) -> eddy::Task<> {
    co_await eddy::sleep_until(deadline);
    ++woken;
  };
  eddy::testing::VirtualClock clock;
  test::run_virtual(
      [&]() -> eddy::Task<> {
        const auto deadline = test::now() + 1min;
        std::vector<eddy::TaskHandle<>> tasks;
        for (int i = 0; i < 10'000; ++i) tasks.push_back(eddy::create_task(sleeper(deadline)));
        co_await eddy::yield();
        CHECK(armed_timers() == 10'000);
        for (std::size_t i = 0; i < tasks.size(); i += 2) tasks[i].cancel();
        CHECK(armed_timers() == 5'000);
        co_await eddy::sleep_until(deadline);
        co_await eddy::yield();
        CHECK(woken == 5'000);
        CHECK(armed_timers() == 0);
      },
      clock);
  CHECK(clock.elapsed() == 1min);
}

EDDY_LOOP_TEST_CASE("a sleeper that is due and is cancelled in the same turn has slept: it goes on to its next wait",
                    "[task][c72]") {
  Log log;
  const auto body = [&]() -> eddy::Task<> {
    co_await eddy::sleep(1s);
    log.push_back("slept");
    co_await eddy::sleep(1s);
    log.push_back("never");
  };
  test::run_virtual([&]() -> eddy::Task<> {
    eddy::TaskHandle<> sleeper;
    eddy::get_running_loop().call_later(1s, [&] { sleeper.cancel(); });  // armed first, so it runs first
    sleeper = eddy::create_task(body());
    co_await eddy::sleep(5s);
    CHECK(sleeper.cancelled());
  });
  CHECK(log == Log{"slept"});
}

EDDY_LOOP_TEST_CASE("a task that yields and is cancelled meanwhile runs on to its next suspension",
                    "[task][c57][order]") {
  Log log;
  test::run_virtual([&]() -> eddy::Task<> {
    auto task = eddy::create_task(log_turns(log, "turn ", 5));
    co_await eddy::yield();
    task.cancel();  // it is in the ready queue
    co_await eddy::sleep(1s);
    CHECK(task.cancelled());
  });
  CHECK(log == Log{"turn 1", "turn 2"});
}

EDDY_LOOP_TEST_CASE("yield and sleep(0) are cancel points", "[task][c57]") {
  Log log;
  const auto body = [&](bool yields) -> eddy::Task<> {
    (void)eddy::current_task().cancel();
    log.push_back("still running");
    if (yields) {
      co_await eddy::yield();
    } else {
      co_await eddy::sleep(0s);
    }
    log.push_back("never");
  };
  test::run_virtual([&]() -> eddy::Task<> {
    auto first = eddy::create_task(body(true));
    auto second = eddy::create_task(body(false));
    co_await eddy::sleep(1s);
    CHECK(first.cancelled());
    CHECK(second.cancelled());
  });
  CHECK(log == Log{"still running", "still running"});
}

EDDY_LOOP_TEST_CASE("sleep_until completes at its time, and in the next turn for one that has passed", "[task][c201]") {
  eddy::testing::VirtualClock clock;
  test::run_virtual(
      []() -> eddy::Task<> {
        const auto start = test::now();
        co_await eddy::sleep_until(start + 5s);
        CHECK(test::now() - start == 5s);
        co_await eddy::sleep_until(start + 1s);
        CHECK(test::now() - start == 5s);
        co_await eddy::sleep_until(eddy::TimePoint::min());
        CHECK(test::now() - start == 5s);
      },
      clock);
  CHECK(clock.elapsed() == 5s);
}

EDDY_LOOP_TEST_CASE("a sleep beyond the clock's range waits for ever, and can be cancelled", "[task][c204][order]") {
  eddy::testing::VirtualClock clock;
  test::run_virtual(
      []() -> eddy::Task<> {
        const auto for_ever = []() -> eddy::Task<> { co_await eddy::sleep(std::chrono::hours::max()); };
        const auto until_never = []() -> eddy::Task<> { co_await eddy::sleep_until(eddy::TimePoint::max()); };
        const auto infinite = []() -> eddy::Task<> {
          co_await eddy::sleep(std::chrono::duration<double>(std::numeric_limits<double>::infinity()));
        };
        std::vector<eddy::TaskHandle<>> tasks;
        tasks.push_back(eddy::create_task(for_ever()));
        tasks.push_back(eddy::create_task(until_never()));
        tasks.push_back(eddy::create_task(infinite()));
        co_await eddy::sleep(24h * 365 * 100);
        for (auto& task : tasks) CHECK_FALSE(task.done());
        for (auto& task : tasks) task.cancel();
        co_await eddy::yield();
        for (auto& task : tasks) CHECK(task.cancelled());
      },
      clock);
  CHECK(clock.elapsed() == 24h * 365 * 100);
}

EDDY_TEST_CASE("a sleep of no number throws", "[task]") {
  std::string error;
  try {
    co_await eddy::sleep(std::chrono::duration<double>(std::numeric_limits<double>::quiet_NaN()));
  } catch (const std::invalid_argument& e) {
    error = e.what();
  }
  CHECK(error.find("NaN") != std::string::npos);
}

EDDY_TEST_CASE("a sleeping task is woken no earlier than asked, on real time, below a millisecond too",
               "[task][real][c200]") {
  for (const auto delay : {eddy::Duration(1ns), eddy::Duration(100us), eddy::Duration(1'500us), eddy::Duration(3ms)}) {
    const auto start = std::chrono::steady_clock::now();
    co_await eddy::sleep(delay);
    CHECK(std::chrono::steady_clock::now() - start >= delay);
    CHECK(std::chrono::steady_clock::now() - start < 5s);
  }
}

EDDY_LOOP_TEST_CASE("a virtual clock gives the same trace every time", "[task][c207]") {
  const auto trace = [] {
    Log log;
    test::run_virtual([&]() -> eddy::Task<> {
      const auto start = test::now();
      const auto worker = [&](int id) -> eddy::Task<> {
        for (int i = 1; i <= 5; ++i) {
          co_await eddy::sleep(std::chrono::milliseconds(id * i % 4));
          log.push_back(std::to_string(id) + "@" + std::to_string((test::now() - start).count()));
        }
      };
      std::vector<eddy::TaskHandle<>> tasks;
      for (int id = 1; id <= 6; ++id) tasks.push_back(eddy::create_task(worker(id)));
      for (auto& task : tasks) co_await task;
    });
    return log;
  };
  const Log first = trace();
  CHECK(first.size() == 30);
  CHECK(first == trace());
}

EDDY_LOOP_TEST_CASE("a frozen virtual clock moves by hand only", "[task][real][c207][order]") {
  eddy::testing::VirtualClock clock;
  Log log;
  test::run_virtual(
      [&]() -> eddy::Task<> {
        clock.freeze();
        auto sleeper = eddy::create_task(sleep_and_log(log, "woken", 10s));
        co_await eddy::yield();
        clock.advance(9s);
        for (int i = 0; i < 10; ++i) co_await eddy::yield();
        CHECK(log.empty());
        clock.advance(1s);
        co_await sleeper;
        CHECK(log == Log{"woken"});
        clock.freeze(false);
        co_await eddy::sleep(5s);
      },
      clock);
  CHECK(clock.elapsed() == 15s);
}

EDDY_LOOP_TEST_CASE("a timer that is dropped by the one that fires with it never fires", "[task][c202]") {
  Log log;
  test::run_virtual([&]() -> eddy::Task<> {
    eddy::TaskHandle<> sleeper;
    const auto killer = [&]() -> eddy::Task<> {
      co_await eddy::sleep(1s);
      sleeper.cancel();
      log.push_back("cancelled it");
    };
    auto first = eddy::create_task(killer());
    sleeper = eddy::create_task(sleep_and_log(log, "never", 1s + 1ns));
    co_await first;
    co_await eddy::sleep(5s);
    CHECK(sleeper.cancelled());
  });
  CHECK(log == Log{"cancelled it"});
}

TEST_CASE("a program may bring a clock of its own", "[task]") {
  // It jumps, but only to full hours.
  class HourClock final : public eddy::Clock {
  public:
    eddy::TimePoint now() noexcept override { return now_; }
    bool jump_to(eddy::TimePoint deadline) noexcept override {
      while (now_ < deadline) now_ += 1h;
      ++jumps;
      return true;
    }
    int jumps = 0;

  private:
    eddy::TimePoint now_{};
  };
  HourClock clock;
  eddy::RunOptions options;
  options.clock = &clock;
  const auto naps = []() -> eddy::Task<eddy::Duration> {
    const auto start = eddy::get_running_loop().time();
    co_await eddy::sleep(1min);
    co_await eddy::sleep(61min);
    co_return eddy::get_running_loop().time() - start;
  };
  CHECK(eddy::run(naps(), options) == 3h);
  CHECK(clock.jumps == 2);
}
