// TaskDetails: what few tasks need, made when it is first asked for: name, reason of the cancel, context, observers.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/replace.hpp>
#include <eddy/loop/context.hpp>
#include <eddy/loop/frame.hpp>

#include <cstdint>
#include <string>

namespace eddy::inline EDDY_ABI::detail {

// Counted by its task's block and by each TaskRef; outlives the task while a TaskRef remains.
struct TaskDetails {
  explicit TaskDetails(Frame* of) noexcept : frame(of) {}

  Frame* frame;  // null once the block is gone
  std::uint32_t observers = 0;
  std::uint32_t cancel_requests = 0;
  std::string name;
  std::string reason;
  ContextPointer context;
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
