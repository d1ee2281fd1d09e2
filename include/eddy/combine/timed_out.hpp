// timed_out: the TimeoutError of a combinator, which says in which task and at which line it was waited for.
//
// The text is made with the error, so it costs nothing before a limit has passed, and then a tenth of the throw. It is not made
// in what(): by then the task may be gone, or the error in another thread.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/error.hpp>
#include <eddy/task/as_task.hpp>
#include <eddy/task/current_task.hpp>

#include <cstring>
#include <string>

namespace eddy::inline EDDY_ABI::detail {

// Where the frame waits. A child that `as_task` has made, such as that of `gather(timeout(…), …)`, has no line of the user's:
// the line is its owner's.
inline Location wait_of(const Frame* frame) noexcept {
  while (frame->root == frame && frame->has(kChild) && std::strcmp(frame->location.file(), kAsTaskFile) == 0)
    frame = frame->owner->parent;
  return frame->location;
}

// `frame` is the one that awaits what has timed out. The caller throws it: a frame more to unwind, with strings in it, would cost
// as much again as the throw.
[[nodiscard]] EDDY_COLD inline TimeoutError timed_out(const Frame* frame) {
  Frame* task = task_of(frame->root);
  const Location at = wait_of(frame);
  std::string text;
  text.reserve(128);
  text += "timed out in ";
  if (task == nullptr) {
    text += "a cleanup";
  } else {
    text += "task ";
    text += name_of(task);
  }
  text += " at ";
  text += at.file();
  text += ':';
  text += std::to_string(at.line());
  return TimeoutError(text);
}

}  // namespace eddy::inline EDDY_ABI::detail
