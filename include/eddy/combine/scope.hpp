// ScopeGroup: one body that runs in its caller's task and can be stopped without stopping the caller.
//
// timeout, wait_for, move_on_after and uncancellable are this class with different settings; try_finally runs two of them.
// The body is a strand of its own, but no task: current_task() inside it is the caller's.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/time.hpp>
#include <eddy/task/child_group.hpp>
#include <eddy/task/create_task.hpp>

#include <optional>
#include <type_traits>
#include <utility>

namespace eddy::inline EDDY_ABI {

namespace detail {
class ScopeGroup;
}

/// The deadline of a running `timeout`, as its body sees it. Source: asyncio.Timeout.
class Timeout {
 public:
  Timeout(const Timeout&) = delete;
  Timeout& operator=(const Timeout&) = delete;

  /// When the body will be stopped; nullopt for never.
  [[nodiscard]] std::optional<TimePoint> when() const noexcept;
  /// True once the deadline has passed and the body was told to stop. It stays true.
  [[nodiscard]] bool expired() const noexcept { return expired_; }
  /// Moves the deadline; one that has passed stops the body in the next pass, nullopt means never. Errors:
  /// InvalidStateError once it has expired, and when the body is not running.
  void reschedule(std::optional<TimePoint> when);

 private:
  friend class detail::ScopeGroup;
  Timeout() noexcept = default;
  ~Timeout() = default;
  bool limited_ = false;
  bool expired_ = false;
};

namespace detail {

class ScopeGroup : public ChildGroup, public Timeout, CallbackNode {
 public:
  // Timeout::when.
  [[nodiscard]] std::optional<TimePoint> deadline() const noexcept {
    return Timeout::limited_ ? std::optional(timer_.deadline) : std::nullopt;
  }
  // Timeout::reschedule.
  void move_deadline(std::optional<TimePoint> when) {
    if (!has_children() || expired())
      throw_misuse(expired() ? "the timeout has expired already" : "the timeout is not running");
    disarm();
    Timeout::limited_ = false;
    if (when) arm(loop(), *when);
  }

 protected:
  // A masked scope does not hear of the caller's cancel.
  explicit ScopeGroup(bool masked) noexcept : CallbackNode(&ScopeGroup::expire), masked_(masked) {}
  ~ScopeGroup() = default;

  // Parks the caller. False if a stop is in force and the scope is not masked.
  bool begin(Frame* frame) noexcept {
    parent = frame;
    if (!masked_) return park(frame, this);
    park_masked(frame, this);
    return true;
  }
  // Sets the deadline; to be called before the body starts. Errors: std::bad_alloc.
  void arm(Scheduler& scheduler, TimePoint when) {
    timer_.target = static_cast<CallbackNode*>(this);
    EventLoop::Internals::timers(&scheduler).arm(&timer_, when);
    Timeout::limited_ = true;
  }
  void start_body(Frame* body) noexcept {
    body_ = body;
    start_child(body, false);
  }
  // The body runs to its first blocking suspension and is stopped there.
  EDDY_NOINLINE void start_expired_body(Frame* body) noexcept {
    start_body(body);
    Timeout::expired_ = true;
    body->set(kStop);
  }
  // The caller cannot be parked after all.
  void unpark() noexcept { parent->root->state = State::running; }
  [[nodiscard]] Timeout& timeout() noexcept { return *this; }
  [[nodiscard]] Frame* body() const noexcept { return body_; }
  [[nodiscard]] bool masked() const noexcept { return masked_; }
  void set_masked(bool masked) noexcept { masked_ = masked; }

  // A body that was stopped stops its caller, if that is to stop.
  void go_on(Ended how) noexcept {
    if (how == Ended::cancelled && parent_stops()) {
      unwind_parent();
    } else {
      resume_parent();
    }
  }
  // The body leaves the group, and its deadline means nothing any more.
  void end_body(Frame* body) noexcept {
    child_ended(body);
    disarm();
  }

 private:
  static void expire(CallbackNode* node) {
    auto* scope = static_cast<ScopeGroup*>(node);
    scope->Timeout::expired_ = true;
    scope->loop().stop(scope->body_);
  }
  void disarm() noexcept {
    Scheduler& scheduler = loop();
    if (timer_.armed()) {
      EventLoop::Internals::timers(&scheduler).cancel(&timer_);
    } else {
      scheduler.unqueue(this);  // it may have fired
    }
  }
  CancelResult try_cancel(bool) noexcept override {
    if (!masked_) stop_children();
    return CancelResult::later;
  }
  [[nodiscard]] const char* waits_for() const noexcept override {  // try_finally says it in its own words
    return masked_ ? "uncancellable work" : "work with a deadline";
  }

  bool masked_;
  Frame* body_;  // once it has started
  TimerNode timer_;
};

}  // namespace detail

inline std::optional<TimePoint> Timeout::when() const noexcept {
  return static_cast<const detail::ScopeGroup*>(this)->deadline();
}
inline void Timeout::reschedule(std::optional<TimePoint> when) {
  static_cast<detail::ScopeGroup*>(this)->move_deadline(when);
}

}  // namespace eddy::inline EDDY_ABI
