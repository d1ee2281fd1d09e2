// The errors of wrong uses, which name the task that makes the call, and where it stands.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/error.hpp>
#include <eddy/loop/event_loop.hpp>
#include <eddy/loop/task_details.hpp>

#include <string>
#include <string_view>

namespace eddy::inline EDDY_ABI::detail {

// The task that a strand belongs to: the body of a timeout, say, is a strand of its own in its caller's task.
inline Frame* task_of(Frame* root) noexcept {
  while (root != nullptr && !root->has(kTask)) root = root->has(kChild) ? root->owner->parent->root : nullptr;
  return root;
}

inline std::string name_of(Frame* root) {
  TaskDetails& details = details_of(root);
  if (details.name.empty()) {
    EventLoop* const running = running_loop_slot();  // also for one that has ended
    Scheduler* const loop = root->loop == nullptr && running != nullptr ? &EventLoop::Internals::scheduler(*running) : root->loop;
    details.name = loop == nullptr ? "Task" : "Task-" + std::to_string(++loop->named);
  }
  return details.name;
}

// For the texts of errors: the task that makes the call, and where it awaited last in its own function. Nothing in a callback.
EDDY_COLD inline std::string by_caller() {
  EventLoop* const loop = running_loop_slot();
  Frame* const strand = loop == nullptr ? nullptr : EventLoop::Internals::scheduler(*loop).current;
  if (task_of(strand) == nullptr) return {};
  const Location& last = strand->location;
  return " (in task " + name_of(task_of(strand)) + (last.line() == 0 ? ")" : ", last at " + place_of(last) + ')');
}
template <class E = InvalidStateError>
[[noreturn]] EDDY_COLD void throw_misuse(std::string_view text) {
  throw E(std::string("eddy: ").append(text) + by_caller());
}
[[noreturn]] EDDY_COLD inline void throw_empty_task() {
  throw_misuse("this Task is empty: it was awaited, started or moved from before; a Task runs once");
}

}  // namespace eddy::inline EDDY_ABI::detail
