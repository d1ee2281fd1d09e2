// sleep, sleep_until and yield: to wait for time to pass, or just for one's next turn.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/time.hpp>
#include <eddy/loop/event_loop.hpp>
#include <eddy/loop/frame.hpp>

#include <coroutine>

namespace eddy::inline EDDY_ABI {

namespace detail {

// Goes to the end of the ready queue. A cancel that is in force takes effect here.
inline void yield_turn(Frame* frame) noexcept {
  Frame* root = frame->root;
  root->leaf = frame;
  if (root->has(kStop)) {
    root->state = State::stopping;
    return;
  }
  root->suspension = nullptr;  // what it waited in before may be gone
  root->state = State::ready;
  root->loop->ready.push(static_cast<ReadyNode*>(root));
}

struct [[nodiscard("nothing waits until this is awaited: co_await it")]] YieldAwaiter {
  using EddyAwaiter = void;
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  template <class P>
  EDDY_SUSPEND void await_suspend(std::coroutine_handle<P> handle) const noexcept {
    yield_turn(frame_of(handle));
  }
  void await_resume() const noexcept {}
};

// Waits in the timer queue.
struct TimerWait : Suspension {
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  void await_resume() const noexcept {}

 protected:
  TimerWait() = default;
  ~TimerWait() = default;
  void wait_until(Frame* frame, TimePoint deadline) {
    Frame* root = frame->root;
    if (!park(frame, this)) return;
    timer_.target = root;
    try {
      EventLoop::Internals::timers(root->loop).arm(&timer_, deadline);
    } catch (...) {
      root->state = State::running;
      throw;
    }
  }
  TimerNode timer_;  // before it is armed its deadline is what the awaiter was given

 private:
  CancelResult try_cancel(bool) noexcept override {
    EventLoop::Internals::timers(static_cast<Frame*>(timer_.target)->loop).cancel(&timer_);
    return CancelResult::stopped;
  }
  [[nodiscard]] const char* waits_for() const noexcept override { return "sleep"; }
};

struct [[nodiscard("nothing sleeps until this is awaited: co_await it")]] SleepAwaiter final : TimerWait {
  explicit SleepAwaiter(Duration delay) noexcept { timer_.deadline = TimePoint(delay); }
  template <class P>
  EDDY_SUSPEND void await_suspend(std::coroutine_handle<P> handle) {
    Frame* frame = frame_of(handle);
    const Duration delay = timer_.deadline.time_since_epoch();
    if (delay <= Duration::zero()) return yield_turn(frame);
    wait_until(frame, saturating_add(EventLoop::Internals::loop(*frame->root->loop).time(), delay));
  }
};

struct [[nodiscard("nothing sleeps until this is awaited: co_await it")]] SleepUntilAwaiter final : TimerWait {
  explicit SleepUntilAwaiter(TimePoint deadline) noexcept { timer_.deadline = deadline; }
  template <class P>
  EDDY_SUSPEND void await_suspend(std::coroutine_handle<P> handle) {
    Frame* frame = frame_of(handle);
    if (timer_.deadline <= EventLoop::Internals::loop(*frame->root->loop).time()) return yield_turn(frame);
    wait_until(frame, timer_.deadline);
  }
};

}  // namespace detail

/// Completes once `delay` has passed on the loop's clock, never earlier. Zero and negative delays wait for one turn, as
/// `yield()` does; a delay beyond the clock's range waits for ever.
///
/// Cancellation: stops at once; one that only yields takes effect at the next suspension, unless it was in force before.
/// Errors: std::invalid_argument for a NaN.
/// Units: any std::chrono duration, such as 1s or 20ms, also one of fractions, `std::chrono::duration<double>(0.5)`; a bare
/// number is refused.
/// Complexity: O(log n) in the number of timers, no allocation. Source: asyncio.sleep.
template <class Rep, class Period>
[[nodiscard("nothing sleeps until this is awaited: co_await it")]] detail::SleepAwaiter sleep(
    std::chrono::duration<Rep, Period> delay) {
  return detail::SleepAwaiter(to_duration(delay));
}
template <detail::BareNumber Number>
auto sleep(Number) {
  detail::refuse_bare_number<Number>();
  return detail::SleepAwaiter(Duration());
}

/// Completes once the loop's clock has reached `deadline`; for one that has passed, in the next turn. Otherwise as
/// `sleep`. Source: trio.sleep_until.
[[nodiscard("nothing sleeps until this is awaited: co_await it")]] inline detail::SleepUntilAwaiter sleep_until(TimePoint deadline) noexcept {
  return detail::SleepUntilAwaiter(deadline);
}

/// Lets everything else that is ready run once, then goes on. A cancel in force takes effect here.
/// Source: asyncio.sleep(0), tokio::task::yield_now.
[[nodiscard("nothing yields until this is awaited: co_await it")]] inline detail::YieldAwaiter yield() noexcept { return {}; }

}  // namespace eddy::inline EDDY_ABI
