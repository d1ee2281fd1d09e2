// Handle and TimerHandle: what call_soon, call_later and call_at return, to cancel the callback before it runs.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/callback.hpp>
#include <eddy/base/replace.hpp>
#include <eddy/loop/scheduler.hpp>
#include <eddy/loop/timer_queue.hpp>

#include <utility>

namespace eddy::inline EDDY_ABI {

namespace detail {

// A callback of the user's, in the ready queue or in the timer queue. ReadyNode::count counts its handles, and the loop
// while it is queued.
struct ScheduledCallback final : CallbackNode, ListHook {
  ScheduledCallback(Callback<void()> function, Location place) noexcept
      : CallbackNode(&ScheduledCallback::run_it), fn(std::move(function)), where(place) {
    timer.target = this;
  }
  static void run_it(CallbackNode* node);  // in event_loop.hpp

  void drop() noexcept {
    if (--count == 0) delete this;
  }

  EventLoop* loop = nullptr;  // null once it ran or was cancelled
  Callback<void()> fn;
  ContextPointer context;
  TimerNode timer;
  TimePoint when{};
  Location where;  // of the call that scheduled it
  bool was_cancelled = false;
};

void cancel_callback(ScheduledCallback* callback) noexcept;  // in event_loop.hpp

}  // namespace detail

/// A callback that waits for its turn. Copies refer to the same callback; dropping all of them does not cancel it.
/// Threads: for use on the loop's thread. Source: asyncio.Handle.
class Handle {
 public:
  Handle() noexcept = default;
  explicit Handle(detail::ScheduledCallback* callback) noexcept : callback_(callback) { ++callback_->count; }
  Handle(const Handle& other) noexcept : callback_(other.callback_) {
    if (callback_ != nullptr) ++callback_->count;
  }
  Handle(Handle&& other) noexcept : callback_(detail::replace(other.callback_, nullptr)) {}
  Handle& operator=(Handle other) noexcept {
    other.callback_ = detail::replace(callback_, other.callback_);
    return *this;
  }
  ~Handle() {
    if (callback_ != nullptr) callback_->drop();
  }

  /// Takes the callback out of the loop and destroys it. Nothing happens if it has run or was cancelled before.
  void cancel() noexcept {
    if (callback_ != nullptr) detail::cancel_callback(callback_);
  }
  /// True if `cancel` came before the callback ran.
  [[nodiscard]] bool cancelled() const noexcept { return callback_ != nullptr && callback_->was_cancelled; }

 protected:
  detail::ScheduledCallback* callback_ = nullptr;
};

/// A callback that waits for its time. Source: asyncio.TimerHandle.
class TimerHandle : public Handle {
 public:
  using Handle::Handle;
  /// When the callback runs, or ran, on the loop's clock.
  [[nodiscard]] TimePoint when() const noexcept { return callback_ != nullptr ? callback_->when : TimePoint{}; }
};

}  // namespace eddy::inline EDDY_ABI
