// Event: a flag that tasks wait for.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/sync/sync_waiter.hpp>

#include <coroutine>

namespace eddy::inline EDDY_ABI {

class Event;

namespace detail {

class [[nodiscard("nothing waits until this is awaited: co_await it")]] EventAwaiter final : public WaiterOf<Event> {
 public:
  explicit EventAwaiter(Event* event) noexcept : WaiterOf(event) {}
  [[nodiscard]] bool await_ready() const noexcept;
  template <class P>
  EDDY_SUSPEND void await_suspend(std::coroutine_handle<P> handle) {
    wait(frame_of(handle));
  }
  void await_resume() const { check_alive(); }

 private:
  void wait(Frame* frame);
  void leave() noexcept override;
  [[nodiscard]] const char* waits_for() const noexcept override { return "an event"; }
};

}  // namespace detail

/// A flag that is down at first. `set` raises it and wakes everybody who waits, in the order of arrival; while it is
/// up, nobody waits. `set` and `clear` in one turn still wake all who waited before.
///
/// Cancellation: a cancelled waiter leaves the queue; one that was woken before the cancel came goes on and is stopped
/// where it blocks next. Errors: BrokenResourceError for waiters of an event that is destroyed; RuntimeError where
/// tasks of two loops wait for it. Threads: for one loop's thread. Complexity: `set` is linear in the waiters, all else
/// constant; no allocation. It must outlive its waiters. Source: asyncio.Event.
class Event {
 public:
  Event() noexcept = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { detail::break_waiters(waiters_); }

  /// Completes once the event is set; at once, without suspending, if it is set already.
  [[nodiscard("nothing waits until this is awaited: co_await it")]] detail::EventAwaiter wait() noexcept {
    return detail::EventAwaiter(this);
  }
  /// Raises the flag and wakes the waiters; none of them runs inside the call. A second call does nothing.
  void set() noexcept {
    set_ = true;
    waiters_.wake_all();
  }
  /// Lowers the flag: who waits from now on waits for the next `set`.
  void clear() noexcept { set_ = false; }
  /// True while the flag is up.
  [[nodiscard]] bool is_set() const noexcept { return set_; }

 private:
  friend class detail::EventAwaiter;
  detail::WaitQueue waiters_;
  bool set_ = false;
};

inline bool detail::EventAwaiter::await_ready() const noexcept { return source_->set_; }
inline void detail::EventAwaiter::wait(Frame* frame) { wait_in(source_->waiters_, frame); }
inline void detail::EventAwaiter::leave() noexcept { source_->waiters_.remove(this); }

}  // namespace eddy::inline EDDY_ABI
