// Recorder: remembers who cancelled which task and where, and through which awaits exceptions came.
//
// "Why was I cancelled" and "how did this error get here" cannot be answered afterwards: the task that called `cancel` has
// gone on, and the frames that an exception has left are gone. So a program that wants to ask keeps a Recorder; it works in
// debug mode, which it switches on. Without one nothing is remembered.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/debug/loop_watch.hpp>
#include <eddy/loop/event_loop.hpp>
#include <eddy/task/current_task.hpp>
#include <eddy/task/task_handle.hpp>

#include <cstddef>
#include <deque>
#include <exception>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace eddy::inline EDDY_ABI::debug {

/// Why a task was stopped, as `Recorder::why_cancelled` gives it.
struct CancelCause {
  std::string task;    ///< the name of the task that was stopped
  std::string reason;  ///< what was given to `cancel`, or what ended the task: "gather", "work with a deadline"
  std::string by;      ///< the name of the task that did it; empty if it was a callback, `run` or a signal
  std::string where;   ///< the file:line at which it did; empty if it is not known

  /// The same as a sentence.
  [[nodiscard]] std::string text() const {
    std::string sentence = task + " was stopped";
    if (!by.empty()) sentence += " by " + by;
    if (!where.empty()) sentence += " at " + where;
    return reason.empty() ? sentence : sentence + ": " + reason;
  }
};

/// Remembers, while it lives, the last 256 tasks of the running loop that were stopped, and the last 16 exceptions that left a
/// coroutine, with the way of each. Keep one in the main task.
///
/// It switches debug mode on, and leaves it on. The exceptions stay alive until others push them out or the Recorder ends. It
/// must end before its loop. Errors: NoRunningLoop. Threads: for the loop's thread.
class Recorder final : detail::LoopWatch {
 public:
  template <class = void>
  Recorder() : LoopWatch(get_running_loop()) {
    loop().set_debug(true);
  }

  /// Why the task was stopped: who first called `cancel`, at which line, and with which reason; for a task that was
  /// stopped because who awaited its handle was cancelled, who that was; for one that a group, a `race` or a deadline has stopped, which.
  /// Nothing if it was not stopped, or so long ago that it is forgotten. Before the task has been unwound it is known only of
  /// tasks that were cancelled themselves. In a destructor, `current_task()` is the task that is unwound.
  [[nodiscard]] std::optional<CancelCause> why_cancelled(const TaskRef& task) const {
    for (const Stopped& stopped : stopped_) {
      if (stopped.task == task) return stopped.cause;
    }
    return std::nullopt;
  }
  template <class T>
  [[nodiscard]] std::optional<CancelCause> why_cancelled(const TaskHandle<T>& task) const {
    return why_cancelled(eddy::detail::RefAccess::make(eddy::detail::HandleAccess::frame(task)));
  }

  /// The coroutines that the exception has left so far, as "task at file:line", the first where it was thrown: the line is
  /// that of the last await before. Empty if it left none, or so long ago that it is forgotten. An exception keeps its way
  /// when it is thrown again (`throw;`, std::rethrow_exception); another one that is thrown in its place has its own.
  [[nodiscard]] std::vector<std::string> await_chain(const std::exception_ptr& error) const {
    for (const Way& way : ways_) {
      if (way.error == error) return way.places;
    }
    return {};
  }
  /// What there is to tell of the exception: its text, and a line for each coroutine that it has left.
  [[nodiscard]] std::string describe(const std::exception_ptr& error) const {
    std::string text = eddy::detail::describe_exception(error);
    for (const std::string& place : await_chain(error)) text += "\n  in " + place;
    return text;
  }

 private:
  static constexpr std::size_t kStopped = 256;
  static constexpr std::size_t kWays = 16;
  static constexpr std::size_t kPlaces = 64;  // of one exception; deeper recursion is cut
  struct Stopped {
    TaskRef task;
    CancelCause cause;
  };
  struct Way {
    std::exception_ptr error;
    std::vector<std::string> places;
  };

  static std::string task_name(Frame* root) {
    Frame* task = eddy::detail::task_of(root);
    return task == nullptr ? std::string() : eddy::detail::name_of(task);
  }
  void remember(Frame* task, CancelCause cause) {
    TaskRef ref = eddy::detail::RefAccess::make(task);
    for (const Stopped& stopped : stopped_) {
      if (stopped.task == ref) return;  // the first one decides
    }
    stopped_.push_back({std::move(ref), std::move(cause)});
    if (stopped_.size() > kStopped) stopped_.pop_front();
  }

  void task_cancelled(Frame* task, Frame* by, eddy::detail::Location where) noexcept override {
    LoopWatch::task_cancelled(task, by, where);
    try {
      CancelCause cause{eddy::detail::name_of(task), task->details->reason, task_name(by), {}};
      if (where.file() != nullptr) {
        cause.where = eddy::detail::place_of(where);
      } else if (by != nullptr && by != scheduler().current) {
        cause.where = eddy::detail::place_of(by->leaf->location);
        cause.reason = "who awaited it was cancelled";
      }
      remember(task, std::move(cause));
    } catch (const std::bad_alloc&) {
    }
  }
  // A task that is about to be unwound though nobody called `cancel` on it: a boundary around it was stopped, or stops it.
  void explain(Frame* task) noexcept {
    if (!task->has(eddy::detail::kTask)) return;
    try {
      if (task->has(eddy::detail::kCancelRequested)) {  // nobody told: `run` did it, or somebody before this began to look
        CancelCause cause{eddy::detail::name_of(task), task->details->reason, {}, {}};
        if (cause.reason.empty() && scheduler().closing) cause.reason = "the main task had ended";
        return remember(task, std::move(cause));
      }
      if (!task->has(eddy::detail::kChild)) return;
      Frame* stopper = task;
      Frame* parent = task->owner->parent->root;
      while (parent->has(eddy::detail::kStop) && !parent->has(eddy::detail::kCancelRequested) && parent->has(eddy::detail::kChild)) {
        stopper = parent;
        parent = parent->owner->parent->root;
      }
      const bool cancelled = parent->has(eddy::detail::kStop);
      std::string reason = cancelled ? std::string("it was cancelled") : std::string(stopper->owner->waits_for());
      remember(task, {eddy::detail::name_of(task), std::move(reason), task_name(parent),
                      eddy::detail::place_of(stopper->owner->parent->location)});
    } catch (const std::bad_alloc&) {
    }
  }
  void strand_begins() noexcept override {
    LoopWatch::strand_begins();
    if (scheduler().current->state == State::unwind) explain(scheduler().current);
  }
  void strand_ran(Frame* root) noexcept override {
    LoopWatch::strand_ran(root);
    if (root->state == State::stopping) explain(root);
  }
  void exception_leaves(Frame* frame, const std::exception_ptr& error) noexcept override {
    LoopWatch::exception_leaves(frame, error);
    try {
      const std::string name = task_name(frame->root);
      std::string place = (name.empty() ? std::string("a cleanup") : name) + " at " + eddy::detail::place_of(frame->location);
      for (Way& way : ways_) {
        if (way.error != error) continue;
        if (way.places.size() < kPlaces) way.places.push_back(std::move(place));
        return;
      }
      ways_.push_back({error, {}});
      ways_.back().places.push_back(std::move(place));
      if (ways_.size() > kWays) ways_.pop_front();
    } catch (const std::bad_alloc&) {
    }
  }

  std::deque<Stopped> stopped_;
  std::deque<Way> ways_;
};

}  // namespace eddy::inline EDDY_ABI::debug
