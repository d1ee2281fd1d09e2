// interval: ticks at a fixed period, and what happens to those that were missed.
//
// SPDX-License-Identifier: MIT
#include "support/run.hpp"

using namespace test;

namespace {

// Ticks at 0, is then busy for 3.5 s, and ticks three times more: the moments of these three, after the start.
eddy::Task<std::vector<eddy::Duration>> ticks_after_a_pause(eddy::MissedTicks missed) {
  const auto start = now();
  auto ticks = eddy::interval(1s, missed);
  co_await ticks.tick();
  co_await eddy::sleep(3500ms);
  std::vector<eddy::Duration> moments;
  for (int i = 0; i < 3; ++i) {
    co_await ticks.tick();
    moments.push_back(now() - start);
  }
  co_return moments;
}

}  // namespace

EDDY_TEST_CASE("an interval ticks at once and then once a period", "[c205]") {
  auto ticks = eddy::interval(2s);
  const auto start = now();
  for (int i = 0; i < 3; ++i) {
    const auto due = co_await ticks.tick();
    CHECK(due - start == i * 2s);
    CHECK(now() - start == i * 2s);
  }
}

EDDY_LOOP_TEST_CASE("missed ticks burst, are delayed, or are skipped", "[c205]") {
  using Moments = std::vector<eddy::Duration>;
  CHECK(run_virtual([] { return ticks_after_a_pause(eddy::MissedTicks::burst); }) == Moments{3500ms, 3500ms, 3500ms});
  CHECK(run_virtual([] { return ticks_after_a_pause(eddy::MissedTicks::delay); }) == Moments{3500ms, 4500ms, 5500ms});
  CHECK(run_virtual([] { return ticks_after_a_pause(eddy::MissedTicks::skip); }) == Moments{3500ms, 4s, 5s});
}

TEST_CASE("an interval of zero or less is refused", "[c206]") {
  CHECK_THROWS_AS(eddy::interval(0s), std::invalid_argument);
  CHECK_THROWS_AS(eddy::interval(-1s), std::invalid_argument);
}

EDDY_TEST_CASE("a cancelled tick is not lost") {
  auto ticks = eddy::interval(1s);
  const auto start = now();
  co_await ticks.tick();
  const bool ticked = (co_await eddy::move_on_after(500ms, ticks.tick())).has_value();
  CHECK_FALSE(ticked);
  const auto due = co_await ticks.tick();
  CHECK(due - start == 1s);
}

EDDY_TEST_CASE("an interval with a start ticks first at that time, and one that is reset a period from then") {
  const auto start = now();
  eddy::Interval ticks = eddy::interval(2s, eddy::MissedTicks::burst, start + 5s);
  CHECK(ticks.period() == 2s);
  const auto first = co_await ticks.tick();
  CHECK(first - start == 5s);
  CHECK(now() == first);
  co_await eddy::sleep(1s);
  ticks.reset();
  const auto second = co_await ticks.tick();
  CHECK(second - start == 8s);
  CHECK(now() == second);
}
