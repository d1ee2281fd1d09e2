// Timers: a hundred thousand sleeps at the same time, and timeouts around work that ends first.
//
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>
#include <eddy/testing/virtual_clock.hpp>

#include <chrono>
#include <vector>

#include "bare.hpp"
#include "bench.hpp"

namespace {

using bench::Load;
using namespace std::chrono_literals;

// Different for each task and in no order, all between 50 and 60 ms.
std::int64_t delay_of(std::size_t i) noexcept {
  return 50'000'000 + static_cast<std::int64_t>(i * 2'654'435'761U % 10'000) * 1000;
}

namespace ours {

eddy::Task<> sleeper(std::size_t i) { co_await eddy::sleep(std::chrono::nanoseconds(delay_of(i))); }

eddy::Task<> sleepers(std::size_t width, std::size_t rounds) {
  for (std::size_t i = 0; i < rounds; ++i) {
    std::vector<eddy::Task<>> tasks;
    tasks.reserve(width);
    for (std::size_t j = 0; j < width; ++j) tasks.push_back(sleeper(j));
    co_await eddy::gather(std::move(tasks));
  }
}

void sleep_all(const Load& load) {
  eddy::testing::VirtualClock clock;
  eddy::RunOptions options;
  if (load.counted) options.clock = &clock;
  eddy::run(sleepers(load.width, load.rounds()), options);
}

eddy::Task<int> trivial(int value) { co_return value; }

eddy::Task<> time_limited(std::size_t count) {
  long sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += co_await eddy::timeout(1h, trivial(static_cast<int>(i)));
  bench::keep(sum);
}

// The body waits for a turn: it starts, suspends and ends with the timer armed.
eddy::Task<int> short_wait(int value) {
  co_await eddy::yield();
  co_return value;
}

eddy::Task<> time_limited_waits(std::size_t count) {
  long sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += co_await eddy::timeout(1h, short_wait(static_cast<int>(i)));
  bench::keep(sum);
}

}  // namespace ours

namespace by_hand {

using bench::bare::Job;
using bench::bare::Task;
using bench::bare::WheelNode;

Job sleeper(std::size_t i) { co_await bench::bare::Sleep(delay_of(i)); }

void sleep_all(const Load& load) {
  for (std::size_t i = 0; i < load.rounds(); ++i) {
    for (std::size_t j = 0; j < load.width; ++j) spawn(sleeper(j));
    bench::bare::run_timers();
  }
}

Task<int> trivial(int value) { co_return value; }

Job time_limited(WheelNode& slot, std::size_t count) {
  long sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    WheelNode timer;
    timer.link(slot);
    sum += co_await trivial(static_cast<int>(i));
    timer.unlink();
  }
  bench::keep(sum);
}

void time_all(const Load& load) {
  WheelNode slot;
  spawn(time_limited(slot, load.operations));
  bench::bare::run_ready();
}

}  // namespace by_hand

}  // namespace

void bench::add_timer_workloads(Workloads& all) {
  all.push_back({.name = "sleep", .operation = "one of 100,000 tasks that sleep at the same time, from spawn to join",
                 .operations = 500'000, .width = 100'000, .run = ours::sleep_all, .floor = by_hand::sleep_all, .known_floor = 343});
  all.push_back({.name = "timeout_unfired", .operation = "a timeout around a task that ends at once", .operations = 5'000'000,
                 .run = [](const Load& load) { eddy::run(ours::time_limited(load.operations)); },
                 .floor = by_hand::time_all, .known_floor = 8.3, .grows = false});
  all.push_back({.name = "timeout_wait", .operation = "a timeout around a task that waits for one turn", .operations = 3'000'000,
                 .run = [](const Load& load) { eddy::run(ours::time_limited_waits(load.operations)); }, .grows = false});
}
