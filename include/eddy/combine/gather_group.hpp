// GatherGroup: the part of gather that does not depend on types: counting, the first error, and who is stopped when.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/task/child_group.hpp>
#include <eddy/task/watcher.hpp>

#include <cstddef>
#include <exception>
#include <utility>

namespace eddy::inline EDDY_ABI::detail {

class GatherGroup : public ChildGroup {
 protected:
  // With `return_exceptions` a child's failure is a value.
  explicit GatherGroup(bool return_exceptions) noexcept : return_exceptions_(return_exceptions) {}
  ~GatherGroup() = default;

  // Parks the parent. False if a stop is in force: then nothing may be started.
  bool begin(Frame* frame) noexcept {
    parent = frame;
    return park(frame, this);
  }
  template <class Slot>
  static void check_slot(Frame* frame, const Slot& slot) {
    if constexpr (is_watched<Slot>) slot.check_not_own(frame);
  }
  template <class T>
  void begin_slot(ChildSlot<T>& slot) noexcept {
    if (failed_) return;  // a handle had failed before: nothing is started any more
    start(slot.frame(), true);
    ++running_;
  }
  template <class Slot>
    requires is_watched<Slot>
  void begin_slot(Slot& slot) {
    if (failed_) return;
    if (slot.done()) {
      note_watched(slot);
      return;
    }
    ++watched_;
    watches_ = true;
    slot.watch(slot.queue(), loop(), this, [](void* group, Watcher* watcher) {
      auto* self = static_cast<GatherGroup*>(group);
      --self->watched_;
      self->note_watched(static_cast<Slot&>(*watcher));
      self->settle();
    });
  }
  // A task or future that somebody else owns has ended. What it does after the parent was told to stop is its own affair.
  template <class Slot>
  void note_watched(Slot& slot) {
    if (!slot.has_value() && !return_exceptions_ && !stopping_) fail(slot.take_error());
  }
  // Goes on once everything has ended; to be called after each end, and when everything is begun.
  void settle() noexcept {
    if (running_ > 0 || watched_ > 0 || settled_) return;
    settled_ = true;
    if (stopped_ && !failed_ && parent_stops()) {
      unwind_parent();
    } else if (watches_) {
      loop().wake(parent->root);  // in a turn of its own, like everybody who awaits a handle
    } else {
      resume_parent();
    }
  }
  void throw_first_error() {
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
  }

  template <class Slot>
  static void leave(Slot& slot) noexcept {
    if constexpr (is_watched<Slot>) {
      slot.leave();
      if (slot.done() && !slot.has_value()) (void)slot.take_error();  // it failed as well: dropped, but seen
    }
  }
  template <class Slot>
  static void cancel(Slot& slot) noexcept {
    if constexpr (is_watched<Slot>) {
      if (slot.watching()) slot.cancel();
    }
  }

  // Over the slots that are watched: to leave them all, and to cancel what they watch.
  virtual void leave_watched() noexcept = 0;
  virtual void cancel_watched() noexcept = 0;

 private:
  void child_done(Frame* child) noexcept override {
    child_ended(child);
    --running_;
    if (child->ended == Ended::cancelled && stopping_) {
      stopped_ = true;
    } else if (child->ended != Ended::value && !return_exceptions_) {
      fail(child->ended == Ended::cancelled ? cancelled_error(child) : child->error());
    }
    settle();
  }
  // The first error stops the children and is thrown when they have ended; handles run on, no longer watched.
  void fail(std::exception_ptr error) noexcept {
    if (failed_) return;
    failed_ = true;
    error_ = std::move(error);
    stopping_ = true;
    leave_watched();
    watched_ = 0;
    stop_children();
    loop().deliver_stops();
  }
  CancelResult try_cancel(bool force) noexcept override {
    if (force) {
      if (running_ > 0) return CancelResult::later;
      leave_watched();
      return CancelResult::stopped;
    }
    stopping_ = true;
    stop_children();
    if (watched_ > 0) {
      stopped_ = true;
      cancel_watched();
    }
    return CancelResult::later;
  }
  [[nodiscard]] const char* waits_for() const noexcept override { return "gather"; }

  bool return_exceptions_;
  bool stopping_ = false;
  bool stopped_ = false;  // something was stopped before it gave a value
  bool failed_ = false;
  bool settled_ = false;
  bool watches_ = false;
  std::size_t running_ = 0;  // children that have not ended
  std::size_t watched_ = 0;  // handles that have not ended
  std::exception_ptr error_;
};

}  // namespace eddy::inline EDDY_ABI::detail
