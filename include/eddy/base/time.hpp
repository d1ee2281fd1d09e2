// Time as the loop sees it: points, saturating durations, time limits, and the seam through which a clock is read.
//
// Every function of the library that takes a duration takes any std::chrono duration and saturates: `hours::max()` is a
// very long wait, never an overflow. Durations are rounded up to nanoseconds, so that no timer fires early.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/config.hpp>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <type_traits>

namespace eddy::inline EDDY_ABI {

/// The unit in which the loop keeps time.
using Duration = std::chrono::nanoseconds;
/// A point on the loop's clock. On real time that is std::chrono::steady_clock's.
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

namespace detail {
__extension__ typedef __int128 Wide;

template <class T>
concept BareNumber = std::is_arithmetic_v<T>;
template <class Number>
auto refuse_bare_number() {
  static_assert(always_false<Number>, "eddy: a delay has a unit: write sleep(1s), call_later(1s, callback) or std::chrono::seconds(1)");
}
}  // namespace detail

/// Converts any duration to the loop's unit, rounding up; what does not fit becomes the nearest value that does.
/// Errors: a NaN throws std::invalid_argument.
template <class Rep, class Period>
[[nodiscard]] constexpr Duration to_duration(std::chrono::duration<Rep, Period> d) {
  if constexpr (std::chrono::treat_as_floating_point_v<Rep>) {
    const auto count = std::chrono::duration<long double, std::nano>(d).count();
    if (count != count) throw std::invalid_argument("eddy: a duration must be a number, not NaN");
    if (count >= static_cast<long double>(Duration::max().count())) return Duration::max();
    if (count <= static_cast<long double>(Duration::min().count())) return Duration::min();
    const auto whole = static_cast<Duration::rep>(count);
    return Duration(static_cast<long double>(whole) < count ? whole + 1 : whole);
  } else {
    // 128 bits hold every product of a 64-bit count and a period's numerator.
    using Ratio = std::ratio_divide<Period, std::nano>;
    const detail::Wide scaled = detail::Wide(d.count()) * Ratio::num;
    detail::Wide count = scaled / Ratio::den;
    if (scaled > 0 && scaled % Ratio::den != 0) ++count;
    if (count >= Duration::max().count()) return Duration::max();
    if (count <= Duration::min().count()) return Duration::min();
    return Duration(static_cast<Duration::rep>(count));
  }
}

/// `point + duration`, or the end of the range on its side. Both ends are "never" and "long ago".
[[nodiscard]] constexpr TimePoint saturating_add(TimePoint point, Duration duration) noexcept {
  Duration::rep sum{};
  if (__builtin_add_overflow(point.time_since_epoch().count(), duration.count(), &sum))
    return duration.count() > 0 ? TimePoint::max() : TimePoint::min();
  return TimePoint(Duration(sum));
}

/// How long something may take: any duration, or `std::nullopt` for no limit. Functions take it by value, so a call
/// reads `timeout(5s, …)`. Zero and negative limits have passed already; what that means stands at each function.
class TimeLimit {
 public:
  constexpr TimeLimit(std::nullopt_t) noexcept {}
  template <class Rep, class Period>
  constexpr TimeLimit(std::chrono::duration<Rep, Period> d) : duration_(to_duration(d)), limited_(true) {}
  template <class Rep, class Period>
  constexpr TimeLimit(const std::optional<std::chrono::duration<Rep, Period>>& d) {
    if (d) *this = TimeLimit(*d);
  }
  template <class T>
  TimeLimit(const T&) {
    static_assert(detail::always_false<T>,
                  "eddy: a limit is 5s or nullopt: timeout(5s, task), move_on_after(5s, task), wait_for(task, 5s)");
  }

  /// False for `std::nullopt`.
  [[nodiscard]] constexpr bool limited() const noexcept { return limited_; }
  /// The limit; meaningless unless `limited()`.
  [[nodiscard]] constexpr Duration duration() const noexcept { return duration_; }
  /// True for a limit of zero or less.
  [[nodiscard]] constexpr bool passed() const noexcept { return limited_ && duration_ <= Duration::zero(); }

 private:
  Duration duration_{};
  bool limited_ = false;
};

/// Where a loop reads the time. The default is std::chrono::steady_clock; a virtual clock makes hours pass at once.
/// Threads: called on the loop's thread only.
class Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;

  /// The current time. Never goes back.
  [[nodiscard]] virtual TimePoint now() noexcept = 0;
  /// Asked when nothing can run before `deadline`: true if the clock now stands there, false if the loop has to wait
  /// for real (as on real time, or while a virtual clock is frozen).
  virtual bool jump_to(TimePoint deadline) noexcept = 0;
};

}  // namespace eddy::inline EDDY_ABI
