// TaskDetails: what few tasks need, made when it is first asked for: name, reason of the cancel, context, observers; and in
// debug mode who stopped the task.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/replace.hpp>
#include <eddy/loop/context.hpp>
#include <eddy/loop/frame.hpp>

#include <cstdint>
#include <string>

namespace eddy::inline EDDY_ABI::detail {

// Who stopped a task, and where; in debug mode.
struct StopNote {
  std::string by;                 // a task's name; empty for a callback and for `run`
  Location where{};               // nowhere: not known
  const char* because = nullptr;  // beside the reason that was given to `cancel`
};

// Counted by its task's block and by each TaskRef; outlives the task while a TaskRef remains.
struct TaskDetails {
  explicit TaskDetails(Frame* of) noexcept : frame(of) {}
  TaskDetails(const TaskDetails&) = delete;
  TaskDetails& operator=(const TaskDetails&) = delete;
  ~TaskDetails() { delete stop_note; }

  Frame* frame;  // null once the block is gone
  std::uint32_t observers = 0;
  std::uint32_t cancel_requests = 0;
  std::string name;
  std::string reason;
  ContextPointer context;
  StopNote* stop_note = nullptr;
};

inline TaskDetails& details_of(Frame* frame) {
  if (frame->details == nullptr) frame->details = new TaskDetails(frame);
  return *frame->details;
}

// A destructor of a context's value may ask for the running task, which this one still is: it gets new details, which go, too.
EDDY_NOINLINE inline void destroy_details(TaskDetails* details) noexcept {
  Frame* const frame = details->frame;
  do {
    details = replace(frame->details, nullptr);
    details->frame = nullptr;
    if (details->observers == 0) delete details;
  } while (frame->details != nullptr);
}

}  // namespace eddy::inline EDDY_ABI::detail
