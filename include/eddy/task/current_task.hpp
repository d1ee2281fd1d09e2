// current_task, all_tasks and TaskRef: to look at tasks, and to cancel them, without knowing what they give.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/replace.hpp>
#include <eddy/loop/event_loop.hpp>
#include <eddy/task/cancellation.hpp>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace eddy::inline EDDY_ABI {

namespace detail {
struct RefAccess;
}

/// A reference to some task, whatever it gives. It keeps neither the task nor its result alive; once both are gone it
/// says that the task is done. An empty one refers to none.
class TaskRef {
 public:
  TaskRef() noexcept = default;
  TaskRef(const TaskRef& other) noexcept : details_(other.details_) {
    if (details_ != nullptr) ++details_->observers;
  }
  TaskRef(TaskRef&& other) noexcept : details_(detail::replace(other.details_, nullptr)) {}
  TaskRef& operator=(TaskRef other) noexcept {
    other.details_ = detail::replace(details_, other.details_);
    return *this;
  }
  ~TaskRef() {
    if (details_ != nullptr && --details_->observers == 0 && details_->frame == nullptr) delete details_;
  }

  /// True if it refers to a task, running or ended.
  [[nodiscard]] explicit operator bool() const noexcept { return details_ != nullptr; }
  friend bool operator==(const TaskRef& a, const TaskRef& b) noexcept { return a.details_ == b.details_; }

  /// As TaskHandle::cancel. False for an empty reference.
  bool cancel(detail::Location where = detail::Location::here()) const { return alive() && detail::cancel_task(details_->frame, where); }
  bool cancel(std::string reason, detail::Location where = detail::Location::here()) const {
    return alive() && detail::cancel_task(details_->frame, std::move(reason), where);
  }
  /// As TaskHandle::cancelling.
  [[nodiscard]] std::size_t cancelling() const noexcept {
    return details_ == nullptr || details_->frame == nullptr ? 0 : detail::cancelling(details_->frame);
  }
  /// True once it has ended, and for an empty reference.
  [[nodiscard]] bool done() const noexcept { return !alive(); }
  /// True while the task's frames are being destroyed because it was stopped: to be asked in a destructor, which cannot
  /// tell a stop from a normal end of its scope in any other way.
  [[nodiscard]] bool unwinding() const noexcept {
    if (!alive()) return false;
    detail::Frame* running = details_->frame->loop == nullptr ? nullptr : details_->frame->loop->current;
    if (running == nullptr || detail::task_of(running) != details_->frame) running = details_->frame;
    return running->state == detail::State::unwinding &&
           (running->ended == detail::Ended::no || running->ended == detail::Ended::cancelled);
  }
  /// As TaskHandle::name; empty for an empty reference.
  [[nodiscard]] std::string name() const {
    if (details_ == nullptr) return {};
    return details_->frame == nullptr ? details_->name : detail::name_of(details_->frame);
  }
  /// As TaskHandle::set_name; does nothing for an empty reference.
  void set_name(std::string name) const {
    if (details_ != nullptr) details_->name = std::move(name);
  }

 private:
  friend TaskRef current_task();
  friend struct detail::RefAccess;
  explicit TaskRef(detail::Frame* frame) : details_(&detail::details_of(frame)) { ++details_->observers; }
  [[nodiscard]] bool alive() const noexcept {
    return details_ != nullptr && details_->frame != nullptr && !details_->frame->done();
  }

  detail::TaskDetails* details_ = nullptr;
};

/// The task that runs now; an empty TaskRef in a callback and outside a loop. Inside `timeout`, `try_finally` and their
/// like it is the task that called them. Source: asyncio.current_task.
[[nodiscard]] inline TaskRef current_task() {
  EventLoop* loop = detail::running_loop_slot();
  if (loop == nullptr) return {};
  detail::Frame* task = detail::running_task(*loop);
  return task == nullptr ? TaskRef() : TaskRef(task);
}

namespace detail {

struct RefAccess {
  static TaskRef make(Frame* root) { return TaskRef(root); }
  static const TaskDetails* details(const TaskRef& task) noexcept { return task.details_; }
  // Null if the task has ended and nobody can ask for its outcome any more.
  static Frame* frame(const TaskRef& task) noexcept { return task.details_ == nullptr ? nullptr : task.details_->frame; }
};

inline std::string name_of_ended(const TaskDetails& task) {
  return task.name.empty() ? "a task that has ended" : task.name + ", which has ended";
}
// Who holds the lock that a strand waits for, which is known in debug mode.
EDDY_COLD inline std::string holder_text(Frame* root) {
  const TaskDetails* holder = root->suspension->holder();
  if (holder == nullptr) return {};
  if (holder->frame == nullptr || holder->frame->done()) return ", held by " + name_of_ended(*holder);
  return holder->frame == task_of(root) ? ", which it holds itself," : ", held by " + name_of(holder->frame);
}

// Where a strand stands, as `what it waits for at file:line < file:line < …`, leaf first.
inline std::string await_chain(Frame* root) {
  std::string text;
  switch (root->state) {
    case State::suspended:
    case State::listed:
    case State::leaving: text = std::string("waits for ") + root->suspension->waits_for() + holder_text(root); break;
    case State::start: text = "has not started"; break;
    case State::ready: text = "is ready to run"; break;
    case State::unwind: text = "is about to be stopped"; break;
    default: text = "is running"; return text;
  }
  const char* separator = " at ";
  for (Frame* frame = root->leaf;; frame = frame->parent) {
    text += separator + place_of(frame->location);
    separator = " < ";
    if (frame == root) break;
  }
  return text;
}

// The task of a strand and where that stands, for the texts of errors.
EDDY_COLD inline std::string describe(Frame* root) {
  Frame* task = task_of(root);
  return (task == nullptr ? std::string("a cleanup") : "task " + name_of(task)) + ", which " + await_chain(root);
}

// The same, for lists.
EDDY_COLD inline std::string place_of(Frame* root) {
  Frame* task = task_of(root);
  return (task == nullptr ? std::string("cleanup") : name_of(task)) + ' ' + await_chain(root);
}
// One line for each strand of the loop: its task and where it stands.
inline std::string describe_strands(Scheduler& scheduler) {
  std::string text;
  for_each_strand(scheduler, [&](Frame* root) { text += "\n  " + place_of(root); });
  return text;
}

}  // namespace detail

/// The tasks of the running loop that have not ended, children of groups included, parents first. Errors: NoRunningLoop.
/// Complexity: linear, allocates. Source: asyncio.all_tasks.
template <class Ref = TaskRef>
[[nodiscard]] std::vector<Ref> all_tasks() {
  std::vector<Ref> tasks;
  detail::for_each_strand(EventLoop::Internals::scheduler(get_running_loop()), [&](detail::Frame* root) {
    if (root->has(detail::kTask)) tasks.push_back(detail::RefAccess::make(root));
  });
  return tasks;
}

}  // namespace eddy::inline EDDY_ABI
