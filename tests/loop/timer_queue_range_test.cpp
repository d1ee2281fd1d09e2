// Tests of eddy/loop/timer_queue.hpp and eddy/base/time.hpp at their limits: a million timers, clocks that jump far, and
// deadlines at the ends of the range, as the loop serves them.
//
// SPDX-License-Identifier: MIT
#include <eddy/loop/timer_queue.hpp>

#include "support/work.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace test;
using eddy::Duration;
using eddy::TimePoint;
using eddy::detail::TimerNode;
using eddy::detail::TimerQueue;

namespace {

constexpr std::size_t kMany = 1'000'000;
constexpr auto kMillis32 = std::chrono::milliseconds(std::int64_t{1} << 32);  // 49.7 days

std::size_t armed_timers() { return eddy::EventLoop::Internals::timers(eddy::get_running_loop()).size(); }

// Takes all out. True if they came by deadline, equal ones in the order of their addresses.
bool come_in_order(TimerQueue& queue, std::size_t expected) {
  const TimerNode* last = nullptr;
  bool in_order = true;
  std::size_t count = 0;
  for (; !queue.empty(); ++count) {
    const TimerNode* node = queue.pop();
    if (last != nullptr)
      in_order = in_order && (last->deadline < node->deadline || (last->deadline == node->deadline && last < node));
    last = node;
  }
  return in_order && count == expected;
}

// Waits of every size, from nothing to for ever.
const std::vector<std::pair<Duration, std::string>>& sizes() {
  static const std::vector<std::pair<Duration, std::string>> all{
      {1ns, "1ns"},
      {1us, "1us"},
      {1ms, "1ms"},
      {1s, "1s"},
      {1min, "1min"},
      {1h - 1ns, "1h-"},
      {1h, "1h"},
      {1h + 1ns, "1h+"},
      {24h, "day"},
      {std::chrono::milliseconds(std::numeric_limits<int>::max()), "2^31ms-"},
      {std::chrono::milliseconds(std::numeric_limits<int>::max()) + 1ms, "2^31ms"},
      {kMillis32 - 1ms, "2^32ms-"},
      {kMillis32, "2^32ms"},
      {kMillis32 + 1ms, "2^32ms+"},
      {24h * 365 * 100, "century"},
      {Duration::max(), "never"},
  };
  return all;
}

}  // namespace

TEST_CASE("a million timers come out by deadline, and equal ones in the order in which they were armed", "[loop][c209][deep]") {
  std::mt19937 random(7);
  for (const std::uint32_t different : {1U, 1000U, std::numeric_limits<std::uint32_t>::max()}) {
    std::vector<TimerNode> nodes(kMany);
    TimerQueue queue;
    for (TimerNode& node : nodes) queue.arm(&node, TimePoint(Duration(random() % different)));
    CHECK(queue.size() == kMany);
    CHECK(come_in_order(queue, kMany));
  }
}

TEST_CASE("of a million timers any can be cancelled, and those that are left keep their order", "[loop][c197][c210][deep]") {
  std::mt19937 random(8);
  std::vector<TimerNode> nodes(kMany);
  TimerQueue queue;
  for (TimerNode& node : nodes) queue.arm(&node, TimePoint(Duration(random() % 1000)));
  std::size_t left = kMany;
  for (TimerNode& node : nodes) {
    if (random() % 2 == 0) continue;
    queue.cancel(&node);
    --left;
  }
  CHECK(queue.size() == left);
  CHECK(come_in_order(queue, left));
  for (TimerNode& node : nodes) queue.arm(&node, TimePoint(Duration(random() % 1000)));
  for (std::size_t i = kMany; i-- > 0;) queue.cancel(&nodes[i]);
  CHECK(queue.empty());
}

EDDY_TEST_CASE("a million callbacks for a time run by deadline, and equal ones in the order of the calls", "[loop][c209][deep]") {
  eddy::EventLoop& loop = eddy::get_running_loop();
  std::mt19937 random(9);
  std::pair<std::size_t, std::size_t> last{0, 0};
  std::size_t ran = 0;
  bool in_order = true;
  const TimePoint start = loop.time();
  for (std::size_t i = 1; i <= kMany; ++i) {
    const std::size_t delay = 1 + random() % 1000;
    loop.call_later(std::chrono::seconds(delay), [&, delay, i] {
      const std::pair<std::size_t, std::size_t> mine{delay, i};
      in_order = in_order && last < mine && loop.time() == start + std::chrono::seconds(delay);
      last = mine;
      ++ran;
    });
  }
  CHECK(armed_timers() == kMany);
  co_await eddy::sleep(1h);
  CHECK(ran == kMany);
  CHECK(in_order);
}

EDDY_LOOP_TEST_CASE("a million sleepers wake by deadline, equal ones first come first served, but for those that are cancelled",
                    "[task][c209][c210][deep]") {
  run_virtual([]() -> eddy::Task<> {
    int last = -1;
    std::size_t woke = 0;
    bool in_order = true;
    const auto sleeper = [&](int number) -> eddy::Task<> {
      co_await eddy::sleep(std::chrono::seconds(1 + number % 2));
      const int place = number % 2 * static_cast<int>(kMany) + number;
      in_order = in_order && last < place;
      last = place;
      ++woke;
    };
    std::vector<eddy::TaskHandle<>> tasks;
    tasks.reserve(kMany);
    for (std::size_t i = 0; i < kMany; ++i) tasks.push_back(eddy::create_task(sleeper(static_cast<int>(i))));
    co_await eddy::yield();
    CHECK(armed_timers() == kMany);
    for (std::size_t i = 0; i < kMany; i += 4) tasks[i].cancel();
    CHECK(armed_timers() == kMany - kMany / 4);
    co_await eddy::sleep(1h);
    CHECK(woke == kMany - kMany / 4);
    CHECK(in_order);
    CHECK(tasks[0].cancelled());
    CHECK(tasks[1].done());
  });
}

EDDY_LOOP_TEST_CASE("a clock that jumps by an hour and by 2^32 milliseconds fires what is due, in order, and nothing else",
                    "[loop][c209][order]") {
  const std::vector<Duration> jumps{1h, 1ns, kMillis32 - 1h - 1ms, 1ms, 1ms, kMillis32, 24h * 365 * 200};
  for (std::size_t first = 0; first < jumps.size(); ++first) {
    eddy::testing::VirtualClock clock;
    clock.freeze();
    run_virtual(
        [&]() -> eddy::Task<> {
          eddy::EventLoop& loop = eddy::get_running_loop();
          std::vector<std::string> log;
          std::vector<eddy::TaskHandle<>> tasks;
          for (std::size_t i = sizes().size(); i-- > 0;) {
            const auto& [delay, name] = sizes()[i];
            loop.call_later(delay, [&log, text = name] { log.push_back("callback " + text); });
            tasks.push_back(eddy::create_task(log_after(log, "task " + name, delay)));
          }
          co_await eddy::testing::wait_all_tasks_blocked();
          CHECK(log.empty());
          for (std::size_t jump = first; jump < jumps.size(); ++jump) {
            clock.advance(jumps[jump]);
            co_await eddy::testing::wait_all_tasks_blocked();
            std::vector<std::string> expected;
            for (const auto& [delay, name] : sizes()) {
              if (delay > clock.elapsed()) continue;
              expected.push_back("callback " + name);
              expected.push_back("task " + name);
            }
            CHECK(log == expected);
            CHECK(armed_timers() == 2 * sizes().size() - expected.size());
          }
          for (auto& task : tasks) task.cancel();
        },
        clock);
  }
}

TEST_CASE("a clock of one's own may jump whenever it is read", "[loop][real]") {
  // Real waits, on a clock that is a step further each time that it is read.
  class Leaps final : public eddy::Clock {
   public:
    explicit Leaps(Duration by) : step(by) {}
    TimePoint now() noexcept override { return now_ = eddy::saturating_add(now_, step); }
    bool jump_to(TimePoint) noexcept override { return false; }
    Duration step;

   private:
    TimePoint now_{};
  };
  for (const Duration step : {Duration(1h), Duration(kMillis32), Duration(24h * 365 * 9)}) {
    Leaps clock(step);
    std::vector<std::string> log;
    const auto main = [&]() -> eddy::Task<> {
      std::vector<eddy::TaskHandle<>> tasks;
      for (const auto& [delay, name] : sizes()) {
        if (delay <= 30 * step) tasks.push_back(eddy::create_task(log_after(log, name, delay)));
      }
      co_await eddy::gather(tasks);
    };
    eddy::run(main(), {.clock = &clock});
    std::vector<std::string> expected;
    for (const auto& [delay, name] : sizes()) {
      if (delay <= 30 * step) expected.push_back(name);
    }
    std::sort(log.begin(), log.end());  // each reads the clock, which moves on
    std::sort(expected.begin(), expected.end());
    CHECK(log == expected);
  }
}

TEST_CASE("deadlines that are weeks or centuries away neither fire early nor keep a loop awake, on real time", "[loop][real]") {
  for (const auto reactor : {eddy::ReactorKind::epoll, eddy::ReactorKind::poll}) {
    int fired = 0;
    std::uint64_t polls = 0;
    const auto main = [&]() -> eddy::Task<> {
      eddy::EventLoop& loop = eddy::get_running_loop();
      for (const auto& [delay, name] : sizes()) {
        if (delay > 1min) loop.call_later(delay, [&fired] { ++fired; });
      }
      const std::uint64_t before = loop.statistics().polls;
      // Nothing but far deadlines: somebody else has to end the wait.
      const auto done = loop.create_future<>();
      std::thread other([&loop, &done] {
        std::this_thread::sleep_for(30ms);
        loop.call_soon_threadsafe([&done] { done.set_result(); });
      });
      co_await done;
      other.join();
      polls = loop.statistics().polls - before;
    };
    eddy::run(main(), {.reactor = reactor});
    CHECK(fired == 0);
    CHECK(polls <= 3);
  }
}

EDDY_LOOP_TEST_CASE("deadlines at the ends of the range and around now come in their order, on time", "[loop][c204][order]") {
  eddy::testing::VirtualClock clock;
  run_virtual(
      [&]() -> eddy::Task<> {
        eddy::EventLoop& loop = eddy::get_running_loop();
        const TimePoint present = loop.time();
        const std::vector<TimePoint> deadlines{TimePoint::min(), TimePoint::min() + 1ns, TimePoint(), present - 1ns, present,
                                               present + 1ns,    TimePoint::max() - 1ns, TimePoint::max()};
        std::vector<TimePoint> callbacks;
        std::vector<TimePoint> sleepers;
        std::vector<TimePoint> timeouts;
        const auto sleep_to = [&](TimePoint when) -> eddy::Task<> {
          co_await eddy::sleep_until(when);
          sleepers.push_back(when);
        };
        const auto time_out_at = [&](TimePoint when) -> eddy::Task<> {
          const std::string how = co_await ending_by_kind(eddy::timeout_at(when, nap(Duration::max())));
          if (how == "TimeoutError") timeouts.push_back(when);
        };
        std::vector<eddy::TaskHandle<>> tasks;
        for (std::size_t i = deadlines.size(); i-- > 0;) {
          const TimePoint when = deadlines[i];
          loop.call_at(when, [&callbacks, when] { callbacks.push_back(when); });
          tasks.push_back(eddy::create_task(sleep_to(when)));
          tasks.push_back(eddy::create_task(time_out_at(when)));
        }
        const auto served = [&] { return std::pair(callbacks.size(), sleepers.size()); };
        co_await eddy::yield();
        co_await eddy::yield();
        co_await eddy::yield();
        CHECK(loop.time() == present);  // what has passed takes no time
        CHECK(served() == std::pair<std::size_t, std::size_t>(5, 5));
        CHECK(timeouts.size() == 5);
        co_await eddy::sleep_until(present + 1ns);
        co_await eddy::yield();
        CHECK(served() == std::pair<std::size_t, std::size_t>(6, 6));
        CHECK(loop.time() == present + 1ns);
        co_await eddy::sleep_until(TimePoint::max() - 2ns);
        CHECK(served() == std::pair<std::size_t, std::size_t>(6, 6));
        CHECK(timeouts.size() == 6);
        co_await eddy::sleep(1ns);
        co_await eddy::yield();
        co_await eddy::yield();
        const std::vector<TimePoint> all_but_never(deadlines.begin(), deadlines.end() - 1);
        CHECK(callbacks == all_but_never);
        CHECK(std::is_permutation(sleepers.begin(), sleepers.end(), all_but_never.begin(), all_but_never.end()));
        CHECK(std::is_permutation(timeouts.begin(), timeouts.end(), all_but_never.begin(), all_but_never.end()));

        // At the end of time everything that waits at all waits for ever, and what does not wait still works.
        CHECK(loop.time() == TimePoint::max() - 1ns);
        co_await eddy::sleep(0s);
        const std::string zero = co_await ending_by_kind(eddy::timeout(0s, nap(1ns)));
        CHECK(zero == "TimeoutError");
        auto late = eddy::create_task(nap(1ns));
        auto later = eddy::create_task(nap(1h));
        co_await eddy::testing::wait_all_tasks_blocked();
        CHECK_FALSE(late.done());
        CHECK_FALSE(later.done());
        CHECK(loop.time() == TimePoint::max() - 1ns);
        tasks.push_back(late);
        tasks.push_back(later);
        for (auto& task : tasks) task.cancel();
      },
      clock);
}

EDDY_TEST_CASE("every function that takes a duration takes an infinite one, and refuses what is not a number", "[loop][c204]") {
  using Seconds = std::chrono::duration<double>;
  const Seconds infinite(std::numeric_limits<double>::infinity());
  const Seconds nan(std::numeric_limits<double>::quiet_NaN());
  eddy::EventLoop& loop = eddy::get_running_loop();
  const TimePoint start = loop.time();

  eddy::TimerHandle never = loop.call_later(infinite, [] {});
  CHECK(never.when() == TimePoint::max());
  never.cancel();
  bool ran = false;
  loop.call_later(-infinite, [&] { ran = true; });
  co_await eddy::sleep(-infinite);
  co_await eddy::yield();
  CHECK(ran);
  int value = co_await eddy::timeout(infinite, after(1ns, 1));
  CHECK(value == 1);
  value = co_await eddy::wait_for(after(1ns, 2), infinite);
  CHECK(value == 2);
  const auto kept = co_await eddy::move_on_after(infinite, after(1ns, 3));
  CHECK(kept == 3);
  const std::string how = co_await ending_by_kind(eddy::timeout(-infinite, nap(1ns)));
  CHECK(how == "TimeoutError");
  auto for_ever = eddy::create_task(
      [](Seconds delay) -> eddy::Task<> { co_await eddy::sleep(delay); }, infinite);
  co_await eddy::testing::wait_all_tasks_blocked();
  CHECK_FALSE(for_ever.done());
  for_ever.cancel();
  CHECK(loop.time() - start == 3ns);

  CHECK_THROWS_AS(loop.call_later(nan, [] {}), std::invalid_argument);
  CHECK_THROWS_AS(static_cast<void>(eddy::sleep(nan)), std::invalid_argument);
  CHECK_THROWS_AS(static_cast<void>(eddy::timeout(nan, nap(1ns))), std::invalid_argument);
  CHECK_THROWS_AS(static_cast<void>(eddy::move_on_after(nan, nap(1ns))), std::invalid_argument);
  CHECK_THROWS_AS(static_cast<void>(eddy::wait_for(nap(1ns), nan)), std::invalid_argument);
  CHECK_THROWS_AS(loop.set_slow_callback_duration(nan), std::invalid_argument);
  CHECK(armed_timers() == 0);
}

TEST_CASE("adding to a time point saturates at every pair of extremes, one tick beside them too", "[base][c204]") {
  constexpr auto kMin = std::numeric_limits<std::int64_t>::min();
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  const std::vector<std::int64_t> extremes{kMin, kMin + 1, kMin / 2, -1, 0, 1, kMax / 2, kMax / 2 + 1, kMax - 1, kMax};
  for (const std::int64_t point : extremes) {
    for (const std::int64_t duration : extremes) {
      const eddy::detail::Wide sum = eddy::detail::Wide(point) + duration;
      const std::int64_t expected = sum > kMax ? kMax : sum < kMin ? kMin : static_cast<std::int64_t>(sum);
      CHECK(eddy::saturating_add(TimePoint(Duration(point)), Duration(duration)) == TimePoint(Duration(expected)));
    }
  }
}
