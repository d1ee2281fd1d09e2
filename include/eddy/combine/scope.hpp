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
  [[nodiscard]] std::optional<TimePoint> when() const noexcept { return when_; }
  /// True once the deadline has passed and the body was told to stop. It stays true.
  [[nodiscard]] bool expired() const noexcept { return expired_; }
  /// Moves the deadline; one that has passed stops the body in the next pass, nullopt means never. Errors:
  /// InvalidStateError once it has expired, and when the body is not running.
  void reschedule(std::optional<TimePoint> when);

 private:
  friend class detail::ScopeGroup;
  explicit Timeout(detail::ScopeGroup* scope) noexcept : scope_(scope) {}
  detail::ScopeGroup* scope_;
  std::optional<TimePoint> when_;
  bool expired_ = false;
};

namespace detail {

class ScopeGroup : public ChildGroup {
 public:
  // Timeout::reschedule.
  void reschedule(std::optional<TimePoint> when) {
    if (!has_children() || timeout_.expired_)
      throw InvalidStateError(timeout_.expired_ ? "eddy: the timeout has expired already" : "eddy: the timeout is not running");
    disarm();
    timeout_.when_ = when;
    if (when) arm(*when);
  }

 protected:
  // A masked scope does not hear of the caller's cancel.
  explicit ScopeGroup(bool masked) noexcept : masked_(masked), timeout_(this), expiry_(this) {}
  ~ScopeGroup() = default;

  // Parks the caller. False if a stop is in force and the scope is not masked.
  bool begin(Frame* frame) noexcept {
    parent = frame;
    if (!masked_) return park(frame, this);
    park_masked(frame, this);
    return true;
  }
  // Sets the deadline; to be called before the body starts. Errors: std::bad_alloc.
  void arm(TimePoint when) {
    timeout_.when_ = when;
    timer_.target = &expiry_;
    EventLoop::Internals::timers(&loop()).arm(&timer_, when);
  }
  void start_body(Frame* body) noexcept {
    body_ = body;
    start_child(body, false);
  }
  // The body runs to its first blocking suspension and is stopped there.
  void start_expired_body(Frame* body) noexcept {
    start_body(body);
    timeout_.expired_ = true;
    body->state = State::ready;  // not `start`: that would never run with a stop in force
    body->set(kStop);
  }
  // The caller cannot be parked after all.
  void unpark() noexcept { parent->root->state = State::running; }
  [[nodiscard]] Timeout& timeout() noexcept { return timeout_; }
  [[nodiscard]] Frame* body() const noexcept { return body_; }
  void set_masked(bool masked) noexcept { masked_ = masked; }

  // The body has ended; what happens to the caller. A body that was stopped stops its caller, if that is to stop.
  virtual void body_done() noexcept {
    if (body_->ended == Ended::cancelled && parent_stops()) {
      unwind_parent();
    } else {
      resume_parent();
    }
  }

 private:
  struct Expiry : CallbackNode {
    explicit Expiry(ScopeGroup* group) noexcept : CallbackNode(&Expiry::run_it), scope(group) {}
    static void run_it(CallbackNode* node) { static_cast<Expiry*>(node)->scope->expire(); }
    ScopeGroup* scope;
  };

  void expire() noexcept {
    timeout_.expired_ = true;
    loop().stop(body_);
  }
  void disarm() noexcept {
    Scheduler& scheduler = loop();
    if (timer_.armed()) EventLoop::Internals::timers(&scheduler).cancel(&timer_);
    scheduler.unqueue(&expiry_);
  }
  void child_done(Frame* child) noexcept override {
    child_ended(child);
    disarm();
    body_done();
  }
  CancelResult try_cancel(bool) noexcept override {
    if (!masked_) stop_children();
    return CancelResult::later;
  }
  [[nodiscard]] const char* waits_for() const noexcept override {  // try_finally says it in its own words
    return masked_ ? "uncancellable work" : "work with a deadline";
  }

  bool masked_;
  Timeout timeout_;
  Frame* body_ = nullptr;
  TimerNode timer_;
  Expiry expiry_;
};

}  // namespace detail

inline void Timeout::reschedule(std::optional<TimePoint> when) { scope_->reschedule(when); }

}  // namespace eddy::inline EDDY_ABI
