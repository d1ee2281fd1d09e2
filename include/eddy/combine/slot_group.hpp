// SlotGroup: what gather and race share: several slots that run at the same time, and when the caller goes on.
//
// A slot is a child (a Task that was given) or watches somebody else's task or future. What decides the group, the first
// error for gather and the first end for race, stops the children that are left and leaves the watched ones running.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/task/child_group.hpp>
#include <eddy/task/watcher.hpp>

#include <cstddef>
#include <exception>
#include <utility>

namespace eddy::inline EDDY_ABI::detail {

class SlotGroup : public ChildGroup {
 protected:
  // With `hears_values` slot_ended is told of slots that gave a value, too.
  explicit SlotGroup(bool hears_values) noexcept : hears_values_(hears_values) {}
  ~SlotGroup() = default;

  // Parks the caller. False if a stop is in force: then nothing may be started.
  bool begin(Frame* frame) noexcept {
    parent = frame;
    return park(frame, this);
  }
  // Errors: RuntimeError for the handle of the very task that awaits.
  template <class Slot>
  static void check_slot(Frame* frame, const Slot& slot) {
    if constexpr (is_watched<Slot>) slot.check_not_own(frame);
  }
  template <class T>
  void begin_slot(const ChildOutcome<T>& slot) noexcept {
    if (decided_) return pass_over(slot);  // nothing is started any more
    start_child(slot.frame(), true);
  }
  template <class Slot>
    requires is_watched<Slot>
  void begin_slot(Slot& slot) {
    if (decided_) return;
    if (slot.done()) {
      note(slot);
      return;
    }
    ++watched_;
    watches_ = true;
    slot.watch(slot.queue(), loop(), this, [](void* group, Watcher* watcher) {
      auto* self = static_cast<SlotGroup*>(group);
      --self->watched_;
      self->note(static_cast<Slot&>(*watcher));
      self->settle();
    });
  }
  // It is not started, as is right: debug mode does not take it for one that was forgotten.
  static void pass_over(const auto& slot) noexcept {
    if constexpr (requires { slot.frame(); }) slot.frame()->set(kRetrieved);
  }
  // Goes on once everything has ended; to be called after each end, and when everything is begun.
  void settle() noexcept {
    if (has_children() || watched_ > 0) return;
    if (stopped_ && !decided_ && parent_stops()) {
      unwind_parent();
    } else if (watches_) {
      loop().wake(parent->root);  // in a turn of its own, like everybody who awaits a handle
    } else {
      resume_parent();
    }
  }
  // The group's result is known: the children that are left are stopped, what is watched runs on.
  void decide() noexcept {
    decided_ = true;
    stopping_ = true;
    leave_watched();
    watched_ = 0;
    stop_children();
    loop().deliver_stops();
  }
  [[nodiscard]] bool decided() const noexcept { return decided_; }

  template <class Slot>
  static void leave(Slot& slot) noexcept {
    if constexpr (is_watched<Slot>) {
      slot.leave();
      if (slot.done() && !slot.has_value()) (void)slot.take_error();  // it failed as well: dropped, but seen
    }
  }
  // True if the slot was still running and is told to stop now.
  template <class Slot>
  bool cancel(Slot& slot) noexcept {
    if constexpr (is_watched<Slot>) {
      if (slot.done()) return false;
      slot.disown();
      slot.cancel(parent);
      return true;
    } else {
      return false;
    }
  }

  // A slot, its Frame or its Watcher, has ended with `error` or, if those are heard, a value; not because it was stopped.
  virtual void slot_ended(const void* slot, std::exception_ptr error) noexcept = 0;
  // Over the slots that are watched: to leave them all, and to cancel what they watch.
  virtual void leave_watched() noexcept = 0;
  // True if one of them was not done yet.
  virtual bool cancel_watched() noexcept = 0;

 private:
  // What a watched task does after the caller was told to stop is its own affair.
  template <class Slot>
  void note(Slot& slot) noexcept {
    if (slot.disowned()) return;
    if (!slot.has_value()) {
      slot_ended(static_cast<const Watcher*>(&slot), slot.take_error());
    } else if (hears_values_) {
      slot_ended(static_cast<const Watcher*>(&slot), nullptr);
    }
  }
  void child_done(Frame* child) noexcept override {
    child_ended(child);
    if (child->ended != Ended::value || hears_values_ || !has_children()) [[unlikely]] look_at(child);
  }
  // Apart, so that the end of one of many children saves no registers.
  EDDY_NOINLINE void look_at(Frame* child) noexcept {
    if (child->ended != Ended::value || hears_values_) tell(child);
    if (!has_children()) settle();
  }
  void tell(Frame* child) noexcept {
    if (child->ended == Ended::cancelled && stopping_) {
      stopped_ = true;
    } else if (child->ended == Ended::value) {
      slot_ended(child, nullptr);
    } else {
      slot_ended(child, child->ended == Ended::cancelled ? cancelled_error(child) : child->error());
    }
  }
  [[nodiscard]] bool waits_for_strands() const noexcept override { return true; }
  CancelResult try_cancel(bool force) noexcept override {
    if (force) {
      if (has_children()) return CancelResult::later;
      leave_watched();
      return CancelResult::stopped;
    }
    stopping_ = true;
    stop_children();
    if (watched_ > 0 && cancel_watched()) stopped_ = true;
    return CancelResult::later;
  }

  const bool hears_values_;
  bool stopping_ = false;
  bool stopped_ = false;  // something was stopped before it gave a value
  bool decided_ = false;
  bool watches_ = false;
  std::size_t watched_ = 0;  // handles that have not ended
};

}  // namespace eddy::inline EDDY_ABI::detail
