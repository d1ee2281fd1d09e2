// What can be done to a task from outside its coroutine: cancel it, name it, ask how it ended.
//
// TaskHandle and TaskRef are two ways to hold a task; both come here.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/error.hpp>
#include <eddy/loop/event_loop.hpp>
#include <eddy/loop/scheduler.hpp>
#include <eddy/loop/task_details.hpp>
#include <eddy/task/misuse.hpp>

#include <cstddef>
#include <exception>
#include <new>
#include <string>
#include <utility>

namespace eddy::inline EDDY_ABI::detail {

// In debug mode: remembers why a task is stopped. The first to stop it decides; without memory nothing is remembered.
EDDY_COLD inline void note_stop(Frame* task, Frame* by, Location where, const char* because) noexcept {
  try {
    TaskDetails& details = details_of(task);
    if (details.stop_note != nullptr) return;
    Frame* const stopper = task_of(by);
    details.stop_note = new StopNote{stopper == nullptr ? std::string() : name_of(stopper), where, because};
  } catch (const std::bad_alloc&) {
  }
}
// In debug mode: a strand is about to be unwound. If nobody has called `cancel` on its task, a boundary around it was stopped or
// stops it.
EDDY_COLD inline void note_unwinding(Frame* root) noexcept {
  constexpr int kLevels = 1000;  // who is deeper below the one that began is told of one in between
  if (!root->has(kTask) || (root->details != nullptr && root->details->stop_note != nullptr)) return;
  if (root->has(kCancelRequested)) {  // `run` did it, or somebody before debug mode was switched on
    return note_stop(root, nullptr, {}, root->loop->closing ? "the main task had ended" : nullptr);
  }
  if (!root->has(kChild)) return;
  const Boundary* stopper = root->owner;
  for (int level = 0; level < kLevels; ++level) {
    Frame* const around = stopper->parent->root;
    if (!around->has(kStop) || around->has(kCancelRequested) || !around->has(kChild)) break;
    stopper = around->owner;
  }
  Frame* const around = stopper->parent->root;
  note_stop(root, around, stopper->parent->location, around->has(kStop) ? "it was cancelled" : stopper->waits_for());
}
// In debug mode: `by`, null outside of tasks, calls `cancel` at `where`; from nowhere, and while it waits, it passes on what has
// stopped itself. Errors: RuntimeError in another thread than the loop's.
EDDY_COLD inline void note_cancel(Frame* task, Frame* by, Location where) {
  EventLoop::Internals::check_thread(EventLoop::Internals::loop(*task->loop));
  const bool passed_on = where.file() == nullptr && by != nullptr && by->state == State::suspended;
  if (!passed_on) return note_stop(task, by, where, nullptr);
  const bool is_child = by->has(kChild) && !by->has(kTask);
  if (is_child && !by->owner->parent->root->has(kStop))  // a deadline or the like has stopped it, no cancel
    return note_stop(task, by, by->owner->parent->location, by->owner->waits_for());
  note_stop(task, by, by->leaf->location, "who awaited it was cancelled");
}

// Marks a task as cancelled; the stop still has to be delivered (Scheduler::deliver_stops).
inline void mark_cancelled(Frame* root) noexcept {
  root->set(kCancelRequested);
  root->loop->request_stop(root);
}

inline bool cancel_task(Frame* root, Location where = {}) {
  if (root->loop == nullptr) return false;  // it is done, or was left alone by a loop that is gone
  if (root->loop->guarded != nullptr) [[unlikely]] note_cancel(root, root->loop->current, where);
  if (root->has(kCancelRequested)) [[unlikely]] ++details_of(root).cancel_requests;
  root->set(kCancelRequested);
  root->loop->stop(root);
  return true;
}
inline bool cancel_task(Frame* root, std::string reason, Location where = {}) {
  if (root->loop == nullptr) return false;  // it is done, or was left alone by a loop that is gone
  EventLoop::Internals::check_thread(EventLoop::Internals::loop(*root->loop));
  if (!reason.empty()) {
    TaskDetails& details = details_of(root);
    if (details.reason.empty()) details.reason = std::move(reason);
  }
  return cancel_task(root, where);
}

// The same for a strand that is told to stop, and waits for the task.
inline void pass_cancel_on(Frame* strand, Frame* task) {
  if (strand->loop->guarded != nullptr) [[unlikely]] note_cancel(task, strand, {});
  (void)cancel_task(task);
}

inline std::size_t cancelling(const Frame* root) noexcept {
  if (!root->has(kCancelRequested)) return 0;
  return root->details == nullptr ? 1 : std::size_t{1} + root->details->cancel_requests;
}

// The CancelledError for whoever asks a task that was cancelled.
inline std::exception_ptr cancelled_error(Frame* root) {
  if (root->error()) return root->error();
  return std::make_exception_ptr(CancelledError(root->details == nullptr ? std::string() : root->details->reason));
}

[[noreturn]] EDDY_COLD inline void throw_not_done(Frame* root) {
  throw_misuse(describe(root) + ", is not done yet: await it");
}
[[noreturn]] EDDY_COLD inline void throw_taken(Frame* root) {
  throw_misuse("the result of task " + name_of(root) + " was already moved out");
}
// Throws what the task threw, or the error that fits its state; returns if it has a value.
inline void check_result(Frame* root) {
  if (!root->done()) [[unlikely]] throw_not_done(root);
  switch (root->ended) {
    case Ended::value: return;
    case Ended::exception: root->set(kRetrieved); std::rethrow_exception(root->error());
    case Ended::cancelled: std::rethrow_exception(cancelled_error(root));
    default: throw_taken(root);
  }
}

// Debug mode reports a Task that is dropped without having run, unless an exception or a stop came between, or what it was given
// to has passed it over.
EDDY_COLD inline void note_never_awaited(const Frame* frame) noexcept {
  EventLoop* loop = running_loop_slot();
  if (std::uncaught_exceptions() > 0 || frame->has(kRetrieved)) return;
  const Frame* running = EventLoop::Internals::scheduler(*loop).current;
  if (running != nullptr && running->state == State::unwinding && (running->ended == Ended::no || running->ended == Ended::cancelled)) return;
  try {
    loop->call_exception_handler({"a task was never awaited; its coroutine is at " + place_of(frame->location), nullptr, {}});
  } catch (const std::bad_alloc&) {
  }
}
// The end of a Task that never ran.
EDDY_NOINLINE inline void drop_unstarted(Frame* frame) noexcept {
  if (const EventLoop* loop = running_loop_slot(); loop != nullptr && loop->get_debug()) [[unlikely]] note_never_awaited(frame);
  frame->handle().destroy();
}
// The task that `loop` runs at the moment, or null.
inline Frame* running_task(EventLoop& loop) noexcept { return task_of(EventLoop::Internals::scheduler(loop).current); }

}  // namespace eddy::inline EDDY_ABI::detail
