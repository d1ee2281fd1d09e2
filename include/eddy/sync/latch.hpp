// Latch: to wait until something was counted down to zero, once.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/sync/sync_waiter.hpp>

#include <coroutine>
#include <cstddef>

namespace eddy::inline EDDY_ABI {

class Latch;

namespace detail {

class [[nodiscard("nothing waits until this is awaited: co_await it")]] LatchAwaiter final : public WaiterOf<Latch> {
 public:
  LatchAwaiter(Latch* latch, std::size_t arrivals) noexcept : WaiterOf(latch), arrivals_(arrivals) {}
  [[nodiscard]] bool await_ready() const noexcept;
  template <class P>
  EDDY_SUSPEND void await_suspend(std::coroutine_handle<P> handle) {
    wait(frame_of(handle));
  }
  void await_resume() const { check_alive(); }

 private:
  void wait(Frame* frame);
  void leave() noexcept override;
  [[nodiscard]] const char* waits_for() const noexcept override { return "a latch"; }
  std::size_t arrivals_;
};

}  // namespace detail

/// A counter that goes down to zero and stays there. Whoever waits is let go, in the order of arrival, when it gets
/// there. For a meeting point that is used again there is Barrier.
///
/// Cancellation: a cancelled waiter leaves the queue; what it counted down stays counted. One that was let go before
/// the cancel came goes on and is stopped where it blocks next. Errors: BrokenResourceError for waiters of a latch that
/// is destroyed; RuntimeError where tasks of two loops wait for it. Threads: for one loop's thread. Complexity: linear
/// in the waiters for the last `count_down`, all else constant; no allocation. It must outlive its waiters. Source:
/// std::latch.
class Latch {
 public:
  /// A latch that opens after `count` steps; at zero it is open from the start.
  explicit Latch(std::size_t count) noexcept : count_(count) {}
  Latch(const Latch&) = delete;
  Latch& operator=(const Latch&) = delete;
  ~Latch() { detail::break_waiters(waiters_); }

  /// Counts down by `steps`, at most to zero: more than is left does no harm (in std::latch it is undefined). Nobody
  /// who waits runs inside the call.
  void count_down(std::size_t steps = 1) noexcept {
    count_ = steps < count_ ? count_ - steps : 0;
    if (count_ == 0) waiters_.wake_all();
  }
  /// Completes once the count is zero; at once, without suspending, if it is.
  [[nodiscard("nothing waits until this is awaited: co_await it")]]
  detail::LatchAwaiter wait() noexcept { return {this, 0}; }
  /// Counts down by `steps` when it is awaited, then waits.
  [[nodiscard("nothing is counted until this is awaited: co_await it")]]
  detail::LatchAwaiter arrive_and_wait(std::size_t steps = 1) noexcept {
    return {this, steps};
  }
  /// True if the count is zero, so that `wait` would not wait.
  [[nodiscard]] bool try_wait() const noexcept { return count_ == 0; }

 private:
  friend class detail::LatchAwaiter;
  std::size_t count_;
  detail::WaitQueue waiters_;
};

inline bool detail::LatchAwaiter::await_ready() const noexcept {
  source_->count_down(arrivals_);
  return source_->try_wait();
}
inline void detail::LatchAwaiter::wait(Frame* frame) { wait_in(source_->waiters_, frame); }
inline void detail::LatchAwaiter::leave() noexcept { source_->waiters_.remove(this); }

}  // namespace eddy::inline EDDY_ABI
