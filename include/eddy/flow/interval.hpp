// interval: ticks at a fixed period.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/time.hpp>
#include <eddy/loop/event_loop.hpp>
#include <eddy/task/sleep.hpp>

#include <coroutine>
#include <optional>
#include <stdexcept>

namespace eddy::inline EDDY_ABI {

/// What an interval does with ticks that were missed because its user was busy. Source: tokio's MissedTickBehavior.
enum class MissedTicks : unsigned char {
  burst,  ///< they come one after another, until it has caught up
  delay,  ///< the next one comes one period after this late one
  skip,   ///< they are left out; the next one comes at the next multiple of the period
};

/// Ticks at a fixed period. The first tick is due when the interval is first awaited, unless a start was given.
class Interval {
  class TickAwaiter;

 public:
  Interval(Duration period, MissedTicks missed, std::optional<TimePoint> start)
      : period_(period), missed_(missed), next_(start) {
    if (period <= Duration::zero()) throw std::invalid_argument("eddy: an interval needs a period above zero");
  }

  /// Completes when the next tick is due, with the time for which it was due; at once for one that is overdue.
  /// Cancellation: loses no tick. One task at a time.
  [[nodiscard("nothing ticks until this is awaited: co_await it")]] TickAwaiter tick() noexcept { return TickAwaiter(*this); }
  /// The next tick comes one period from now.
  void reset() { next_ = saturating_add(get_running_loop().time(), period_); }
  /// The time between two ticks.
  [[nodiscard]] Duration period() const noexcept { return period_; }

 private:
  class TickAwaiter final : public detail::TimerWait {
   public:
    explicit TickAwaiter(Interval& interval) noexcept : interval_(&interval) {}
    template <class P>
    EDDY_SUSPEND bool await_suspend(std::coroutine_handle<P> handle) {
      detail::Frame* frame = detail::frame_of(handle);
      loop_ = &EventLoop::Internals::loop(*frame->root->loop);
      const TimePoint now = loop_->time();
      if (!interval_->next_) interval_->next_ = now;
      if (*interval_->next_ <= now) return false;
      wait_until(frame, *interval_->next_);
      return true;
    }
    TimePoint await_resume() noexcept { return interval_->advance(loop_->time()); }

   private:
    Interval* interval_;
    EventLoop* loop_ = nullptr;
  };

  TimePoint advance(TimePoint now) noexcept {
    const TimePoint due = *next_;
    next_ = saturating_add(due, period_);
    if (*next_ <= now) {
      if (missed_ == MissedTicks::delay) next_ = saturating_add(now, period_);
      if (missed_ == MissedTicks::skip) next_ = saturating_add(due, ((now - due) / period_ + 1) * period_);
    }
    return due;
  }

  Duration period_;
  MissedTicks missed_;
  std::optional<TimePoint> next_;
};

/// An Interval of the given period: `auto ticks = interval(1s); for (;;) { co_await ticks.tick(); … }`. The first tick
/// comes at once, or at `start`. Errors: std::invalid_argument for a period of zero or less. Source: tokio::time::interval.
template <class Rep, class Period>
[[nodiscard]] Interval interval(std::chrono::duration<Rep, Period> period, MissedTicks missed = MissedTicks::burst,
                                std::optional<TimePoint> start = std::nullopt) {
  return Interval(to_duration(period), missed, start);
}

}  // namespace eddy::inline EDDY_ABI
