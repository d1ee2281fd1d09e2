// VirtualClock: time that jumps to the next deadline as soon as nothing can run, so an hour passes at once.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/time.hpp>

namespace eddy::inline EDDY_ABI::testing {

/// A clock for `RunOptions::clock`. It starts at one hour and stands still while anything can run; when everything waits it
/// jumps to the earliest deadline. A pool job that runs, or `EventLoop::hold`, keeps it from jumping; when there is
/// nothing to jump to, `run` throws DeadlockError.
/// Threads: the loop's. Source: trio.testing.MockClock with autojump_threshold=0, tokio::time::pause.
class VirtualClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() noexcept override { return now_; }
  bool jump_to(TimePoint deadline) noexcept override {
    if (frozen_) return false;
    if (deadline > now_) now_ = deadline;
    return true;
  }
  /// Moves the clock by hand; timers that are due fire in the loop's next pass. Never moves back.
  template <class Rep, class Period>
  void advance(std::chrono::duration<Rep, Period> by) {
    const Duration step = to_duration(by);
    if (step > Duration::zero()) now_ = saturating_add(now_, step);
  }
  /// Keeps the clock from jumping by itself, or lets it again.
  void freeze(bool on = true) noexcept { frozen_ = on; }
  /// How long it has run since it was made.
  [[nodiscard]] Duration elapsed() const noexcept { return now_ - kStart; }

 private:
  static constexpr TimePoint kStart{std::chrono::hours(1)};
  TimePoint now_ = kStart;
  bool frozen_ = false;
};

}  // namespace eddy::inline EDDY_ABI::testing
