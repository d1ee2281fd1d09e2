// LoopTimer: a timer of a C library's driver or the like, which is set again and again: it calls its owner, and
// allocates nothing.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/time.hpp>
#include <eddy/loop/event_loop.hpp>
#include <eddy/loop/ready_queue.hpp>
#include <eddy/loop/timer_queue.hpp>

namespace eddy::inline EDDY_ABI::detail {

class LoopTimer : CallbackNode {
 public:
  // Calls `fire(owner)` from the loop, outside of every task.
  LoopTimer(void* owner, void (*fire)(void*) noexcept) noexcept
      : CallbackNode(&LoopTimer::run_it), owner_(owner), fire_(fire) {
    node_.target = static_cast<CallbackNode*>(this);
  }
  LoopTimer(const LoopTimer&) = delete;
  LoopTimer& operator=(const LoopTimer&) = delete;
  ~LoopTimer() { disarm(); }

  // In the place of the time that was set before. False without memory: then it is not set.
  bool arm(EventLoop& loop, TimePoint when) noexcept {
    disarm();
    try {
      EventLoop::Internals::timers(loop).arm(&node_, when);
    } catch (...) {
      return false;
    }
    loop_ = &loop;
    when_ = when;
    return true;
  }
  void disarm() noexcept {
    if (loop_ == nullptr) return;
    if (node_.armed()) {
      EventLoop::Internals::timers(*loop_).cancel(&node_);
    } else {
      EventLoop::Internals::scheduler(*loop_).unqueue(this);
    }
    loop_ = nullptr;
  }
  // The loop is gone.
  void forget() noexcept { loop_ = nullptr; }
  // When it calls; never if it is not set.
  [[nodiscard]] TimePoint when() const noexcept { return loop_ == nullptr ? TimePoint::max() : when_; }

 private:
  static void run_it(CallbackNode* node) {
    auto* self = static_cast<LoopTimer*>(node);
    self->loop_ = nullptr;
    self->fire_(self->owner_);
  }

  void* owner_;
  void (*fire_)(void*) noexcept;
  EventLoop* loop_ = nullptr;  // while it is set
  TimePoint when_{};
  TimerNode node_;
};

}  // namespace eddy::inline EDDY_ABI::detail
