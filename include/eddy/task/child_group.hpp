// ChildGroup: what everything that has children shares: to start them, to stop them, and to let the parent go on.
//
// It is the base of the awaiters of gather, timeout, try_finally and their like. The parent's strand is parked in the group
// while child strands run; the last child to end hands over to it. Nothing here resumes or destroys anything itself.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/loop/scheduler.hpp>
#include <eddy/task/task_handle.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace eddy::inline EDDY_ABI::detail {

class ChildGroup : public Boundary {
 public:
  [[nodiscard]] const IntrusiveList<Frame>* children() const noexcept final { return &children_; }

 protected:
  ChildGroup() = default;
  ~ChildGroup() = default;

  [[nodiscard]] Scheduler& loop() const noexcept { return *parent->root->loop; }
  [[nodiscard]] bool has_children() const noexcept { return !children_.empty(); }
  // True if the parent itself is to stop.
  [[nodiscard]] bool parent_stops() const noexcept { return parent->root->has(kStop); }

  // Queues `child` to start before the pass goes on. A child that is a task of its own has a name and a context.
  void start_child(Frame* child, bool as_task) noexcept {
    Scheduler& scheduler = loop();
    adopt(child, as_task, scheduler);
    child->count = 1;  // this group's: the outcome stays until it is taken
    scheduler.next.push(static_cast<ReadyNode*>(child));
  }
  // Queues `child`, a task whose handles others have, for a later turn; or runs its first step now.
  void start_child_later(Frame* child, bool eager) noexcept {
    Scheduler& scheduler = loop();
    adopt(child, true, scheduler);
    if (eager) {
      scheduler.run_now(child);
    } else {
      scheduler.ready.push(static_cast<ReadyNode*>(child));
    }
  }
  template <class Visit>
  void for_each_child(Visit visit) noexcept {
    for (Frame* child = children_.front(); child != nullptr; child = children_.after(child)) visit(child);
  }
  // Asks all children to stop; deliver_stops delivers it.
  void stop_children() noexcept {
    for_each_child([this](Frame* child) { loop().request_stop(child); });
  }
  void child_ended(Frame* child) noexcept { children_.remove(child); }
  // The parent goes on with what await_resume gives.
  void resume_parent() noexcept { loop().hand_over(parent->root); }
  // The parent is unwound.
  void unwind_parent() noexcept { loop().unwind_next(parent->root); }

 private:
  void adopt(Frame* child, bool as_task, Scheduler& scheduler) noexcept {
    child->flags = static_cast<std::uint8_t>(kAlive | kHeld | kChild | (as_task ? kTask : 0));
    child->owner = this;
    child->loop = &scheduler;
    child->leaf = child;
    child->state = State::start;
    children_.push_back(child);
  }

  IntrusiveList<Frame> children_;
};

// How a child has ended, and what it gave.
template <class T>
class ChildOutcome {
 public:
  using value_type = T;
  explicit ChildOutcome(Frame* frame) noexcept : frame_(frame) {}

  [[nodiscard]] Frame* frame() const noexcept { return frame_; }
  [[nodiscard]] bool has_value() const noexcept { return frame_->ended == Ended::value; }
  [[nodiscard]] bool cancelled() const noexcept { return frame_->ended == Ended::cancelled; }
  [[nodiscard]] T take() { return ResultSlot<T>::take(frame_); }
  // The exception that it ended with, which counts as seen: drop_child sees to it.
  [[nodiscard]] std::exception_ptr take_error() {
    return frame_->ended == Ended::cancelled ? cancelled_error(frame_) : frame_->error();
  }

 protected:
  Frame* frame_;
};

// The group lets go of a child that has ended.
template <class T>
EDDY_INLINE void drop_child(Frame* child) noexcept {
  if (child->holds_error()) [[unlikely]] child->set(kRetrieved);
  release_result<T>(child);
}

// A child's block: a Task that has not started yet, then the holder of its outcome.
template <class T>
class ChildSlot : public ChildOutcome<T> {
 public:
  explicit ChildSlot(Task<T>&& task) : ChildOutcome<T>(TaskAccess::release(task)) {}
  ChildSlot(ChildSlot&& other) noexcept : ChildOutcome<T>(std::exchange(other.frame_, nullptr)) {}
  ChildSlot& operator=(ChildSlot&&) = delete;
  ~ChildSlot() { reset(); }

  void reset() noexcept {
    Frame* child = std::exchange(this->frame_, nullptr);
    if (child == nullptr) return;
    if (child->has(kChild)) [[likely]] {
      drop_child<T>(child);
    } else {
      drop_unstarted(child);
    }
  }
};

// The same for all Tasks of a vector, where they stand.
template <class T>
class ChildSlots {
  using Tasks = std::vector<Task<T>>;
  template <class I>
  struct Iterator {
    I at;
    ChildOutcome<T> operator*() const noexcept { return ChildOutcome<T>(TaskAccess::frame(*at)); }
    Iterator& operator++() noexcept {
      ++at;
      return *this;
    }
    bool operator==(const Iterator&) const = default;
  };

 public:
  using value_type = ChildOutcome<T>;
  // Errors: InvalidStateError if one is empty.
  explicit ChildSlots(Tasks&& tasks) : tasks_(std::move(tasks)) {
    for (const Task<T>& task : tasks_) {
      if (!task.valid()) throw_empty_task();
    }
  }
  ChildSlots(ChildSlots&& other) noexcept = default;
  ChildSlots& operator=(ChildSlots&&) = delete;
  ~ChildSlots() {
    for (Task<T>& task : tasks_) {
      if (Frame* child = TaskAccess::frame(task); child->has(kChild)) [[likely]] {  // else it is still the Task's
        TaskAccess::forget(task);
        drop_child<T>(child);
      }
    }
  }

  [[nodiscard]] auto begin() const noexcept { return Iterator<typename Tasks::const_iterator>{tasks_.begin()}; }
  [[nodiscard]] auto end() const noexcept { return Iterator<typename Tasks::const_iterator>{tasks_.end()}; }
  [[nodiscard]] bool empty() const noexcept { return tasks_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return tasks_.size(); }

 private:
  Tasks tasks_;
};

}  // namespace eddy::inline EDDY_ABI::detail
