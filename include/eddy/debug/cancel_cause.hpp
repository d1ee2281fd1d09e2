// cancel_cause: why a task was stopped: by whom, where, and with which reason.
//
// It cannot be found out afterwards: the task that called `cancel` has gone on. So the loop remembers it of each task, in debug
// mode; without it, nothing is remembered and nothing is paid.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/loop/slow_steps.hpp>
#include <eddy/loop/task_details.hpp>
#include <eddy/task/cancellation.hpp>
#include <eddy/task/current_task.hpp>
#include <eddy/task/task_handle.hpp>

#include <optional>
#include <string>

namespace eddy::inline EDDY_ABI::debug {

/// Why a task was stopped, as `why_cancelled` gives it.
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

/// Why the task was stopped: who first called `cancel`, at which line, and with which reason; for a task that was stopped because
/// who awaited its handle was cancelled, who that was; for one that a group, a `race` or a deadline has stopped, which.
///
/// Nothing if it was not stopped, if debug mode was off then, or for an empty TaskRef. Before the task has been unwound it is known
/// only of tasks that were cancelled themselves. It is remembered as long as a TaskRef or a TaskHandle of the task lives. In a
/// destructor, `current_task()` is the task that is unwound. Threads: for the loop's thread.
[[nodiscard]] inline std::optional<CancelCause> why_cancelled(const TaskRef& task) {
  const eddy::detail::TaskDetails* details = eddy::detail::RefAccess::details(task);
  if (details == nullptr || details->stop_note == nullptr) return std::nullopt;
  const eddy::detail::StopNote& note = *details->stop_note;
  CancelCause cause{task.name(), details->reason, note.by, {}};
  if (cause.reason.empty() && note.because != nullptr) cause.reason = note.because;
  if (note.where.file() != nullptr) cause.where = eddy::detail::place_of(note.where);
  return cause;
}
template <class T>
[[nodiscard]] std::optional<CancelCause> why_cancelled(const TaskHandle<T>& task) {
  return why_cancelled(eddy::detail::RefAccess::make(eddy::detail::HandleAccess::frame(task)));
}

}  // namespace eddy::inline EDDY_ABI::debug
