// Tests of eddy/base/time.hpp.
// SPDX-License-Identifier: MIT
#include <eddy/base/time.hpp>

#include "support/catch.hpp"

#include <cstdint>
#include <limits>
#include <ratio>

using namespace std::chrono_literals;
using eddy::Duration;
using eddy::TimePoint;
using eddy::to_duration;

TEST_CASE("a duration is rounded up to nanoseconds, so that no timer fires early", "[base][c200]") {
  CHECK(to_duration(std::chrono::duration<std::int64_t, std::pico>(1)) == 1ns);
  CHECK(to_duration(std::chrono::duration<std::int64_t, std::pico>(1000)) == 1ns);
  CHECK(to_duration(std::chrono::duration<std::int64_t, std::pico>(1001)) == 2ns);
  CHECK(to_duration(std::chrono::duration<std::int64_t, std::pico>(-1001)) == -1ns);
  CHECK(to_duration(std::chrono::duration<double>(1.5e-9)) == 2ns);
  CHECK(to_duration(std::chrono::duration<double>(-1.5e-9)) == -1ns);
  CHECK(to_duration(0.25s) == 250ms);
  CHECK(to_duration(std::chrono::duration<std::int64_t, std::ratio<1, 3>>(1)) == 333'333'334ns);
}

TEST_CASE("a duration that does not fit saturates on its side", "[base][c204]") {
  CHECK(to_duration(std::chrono::hours::max()) == Duration::max());
  CHECK(to_duration(std::chrono::hours::min()) == Duration::min());
  CHECK(to_duration(std::chrono::seconds::max()) == Duration::max());
  CHECK(to_duration(std::chrono::seconds::min()) == Duration::min());
  CHECK(to_duration(Duration::max()) == Duration::max());
  CHECK(to_duration(Duration::min()) == Duration::min());
  CHECK(to_duration(std::chrono::duration<double>(1e300)) == Duration::max());
  CHECK(to_duration(std::chrono::duration<double>(-1e300)) == Duration::min());
  CHECK(to_duration(std::chrono::duration<double>(std::numeric_limits<double>::infinity())) == Duration::max());
  CHECK(to_duration(std::chrono::duration<double>(-std::numeric_limits<double>::infinity())) == Duration::min());
}

TEST_CASE("durations of narrow and of unsigned counts keep their value", "[base]") {
  CHECK(to_duration(std::chrono::duration<unsigned>(5)) == 5s);
  CHECK(to_duration(std::chrono::duration<std::uint8_t>(200)) == 200s);
  CHECK(to_duration(std::chrono::duration<std::int16_t, std::milli>(-300)) == -300ms);
  CHECK(to_duration(std::chrono::duration<int>(2'000'000'000)) == 2'000'000'000s);
  CHECK(to_duration(std::chrono::duration<std::uint64_t>(std::numeric_limits<std::uint64_t>::max())) ==
        Duration::max());
}

TEST_CASE("durations of odd periods are converted without an overflow", "[base]") {
  using Frames = std::chrono::duration<std::int64_t, std::ratio<1, 60>>;
  CHECK(to_duration(Frames(60)) == 1s);
  CHECK(to_duration(Frames(60LL * 3600 * 24 * 365 * 200)) == 24h * 365 * 200);
  CHECK(to_duration(Frames::max()) == Duration::max());
  CHECK(to_duration(Frames::min()) == Duration::min());
}

TEST_CASE("a duration that is not a number is refused", "[base]") {
  CHECK_THROWS_AS(to_duration(std::chrono::duration<double>(std::numeric_limits<double>::quiet_NaN())),
                  std::invalid_argument);
}

TEST_CASE("adding to a time point stops at the ends of the range", "[base][c204]") {
  const TimePoint start(1h);
  CHECK(eddy::saturating_add(start, 5s) == TimePoint(1h + 5s));
  CHECK(eddy::saturating_add(start, -2h) == TimePoint(-1h));
  CHECK(eddy::saturating_add(start, Duration::max()) == TimePoint::max());
  CHECK(eddy::saturating_add(TimePoint(-1h), Duration::min()) == TimePoint::min());
  CHECK(eddy::saturating_add(TimePoint::max(), 1ns) == TimePoint::max());
  CHECK(eddy::saturating_add(TimePoint::max(), -1ns) == TimePoint::max() - 1ns);
}

TEST_CASE("a time limit is any duration, or none", "[base]") {
  const eddy::TimeLimit none = std::nullopt;
  CHECK_FALSE(none.limited());
  CHECK_FALSE(none.passed());
  const eddy::TimeLimit some = 5ms;
  CHECK(some.limited());
  CHECK(some.duration() == 5ms);
  CHECK_FALSE(some.passed());
  CHECK(eddy::TimeLimit(0s).passed());
  CHECK(eddy::TimeLimit(-1s).passed());
  CHECK_FALSE(eddy::TimeLimit(std::chrono::hours::max()).passed());
  CHECK_FALSE(eddy::TimeLimit(std::optional<std::chrono::seconds>()).limited());
  CHECK(eddy::TimeLimit(std::optional<std::chrono::seconds>(2s)).duration() == 2s);
}
