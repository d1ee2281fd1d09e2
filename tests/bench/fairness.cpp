// Fairness: how late a timer and a descriptor are served while a thousand tasks yield for ever.
//
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <vector>

#include "bench.hpp"

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using Micros = std::chrono::duration<double, std::micro>;

constexpr std::size_t kYielders = 1000;
constexpr int kSamples = 300;
constexpr auto kTimer = 1ms;
constexpr Micros kBound = 1ms;  // a timer of 1 ms fires within 2

eddy::Task<> yield_until(const bool& over, std::size_t& turns) {
  while (!over) {
    ++turns;
    co_await eddy::yield();
  }
}

eddy::Task<std::vector<double>> measure_timers() {
  std::vector<double> late;
  for (int i = 0; i < kSamples; ++i) {
    const auto due = Clock::now() + kTimer;
    co_await eddy::sleep_until(due);
    late.push_back(Micros(Clock::now() - due).count());
  }
  co_return late;
}

// A byte is written to a pipe; the loop's reader says when it came.
eddy::Task<std::vector<double>> measure_descriptors() {
  int ends[2];
  if (::pipe(ends) != 0) std::abort();
  std::vector<double> late;
  Clock::time_point written;
  eddy::Event came;
  eddy::EventLoop& loop = eddy::get_running_loop();
  loop.add_reader(ends[0], [&] {
    char byte = 0;
    if (::read(ends[0], &byte, 1) != 1) std::abort();
    late.push_back(Micros(Clock::now() - written).count());
    came.set();
  });
  for (int i = 0; i < kSamples; ++i) {
    co_await eddy::sleep(100us);
    came.clear();
    written = Clock::now();
    if (::write(ends[1], "x", 1) != 1) std::abort();
    co_await came.wait();
  }
  loop.remove_reader(ends[0]);
  ::close(ends[0]);
  ::close(ends[1]);
  co_return late;
}

struct Measured {
  std::vector<double> timers;
  std::vector<double> descriptors;
  std::size_t turns = 0;
};

eddy::Task<> measure(Measured& measured) {
  bool over = false;
  std::vector<eddy::TaskHandle<>> yielders;
  for (std::size_t i = 0; i < kYielders; ++i) yielders.push_back(eddy::create_task(yield_until(over, measured.turns)));
  measured.timers = co_await measure_timers();
  measured.descriptors = co_await measure_descriptors();
  over = true;
  co_await eddy::gather(yielders);
}

bool report(const char* what, std::vector<double> late, bool json) {
  std::sort(late.begin(), late.end());
  const double median = late[late.size() / 2];
  const double high = late[late.size() * 9 / 10];  // beyond that a busy machine's own delays are seen
  const bool kept = high <= kBound.count();
  if (json) {
    fmt::print("{{\"fairness\": \"{}\", \"median_us\": {:.1f}, \"p90_us\": {:.1f}, \"max_us\": {:.1f}}}\n", what, median, high,
               late.back());
  } else {
    fmt::print("{:<34} median {:8.1f} us   90 % {:8.1f} us   worst {:8.1f} us   {}\n", what, median, high, late.back(),
               kept ? "kept" : "LATE");
  }
  return kept;
}

}  // namespace

bool bench::report_fairness(bool json) {
  Measured measured;
  const auto begin = Clock::now();
  eddy::run(measure(measured));
  const std::chrono::duration<double> took = Clock::now() - begin;
  if (!json) {
    fmt::print("While {} tasks yield for ever ({:.1f} million turns a second), late by:\n", kYielders,
               static_cast<double>(measured.turns) / took.count() / 1e6);
  }
  const bool timers = report("a timer of 1 ms", measured.timers, json);
  const bool descriptors = report("a readable descriptor", measured.descriptors, json);
  return timers && descriptors;
}
