// SyncWaiter: the base of the awaiters of sync/, with what they have in common when they are misused.
//
// Two mistakes are met here, once for all primitives: tasks of two loops that wait for the same one, and a primitive
// that is destroyed while tasks wait for it.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/error.hpp>
#include <eddy/loop/event_loop.hpp>
#include <eddy/loop/orphans.hpp>
#include <eddy/loop/waiter.hpp>

#include <string>

namespace eddy::inline EDDY_ABI::detail {

struct SyncWaiter : Waiter {
  // The queue is being destroyed. True if the waiter is to go on, with an error.
  virtual bool abandon() noexcept = 0;

 protected:
  SyncWaiter() = default;
  ~SyncWaiter() = default;

  // As Waiter's. Errors: RuntimeError if tasks of another loop wait there.
  bool wait_in(WaitQueue& queue, Frame* frame) {
    Scheduler* const its_loop = frame->root->loop;
    WaitNode* const first = queue.front();
    if (first != nullptr && first->loop != its_loop) [[unlikely]] throw_other_loop();
    return join(queue, first, frame, its_loop);
  }
  [[noreturn]] EDDY_COLD void throw_abandoned() const {
    throw BrokenResourceError(std::string("eddy: ") + waits_for() + " was destroyed while tasks waited for it");
  }

 private:
  [[noreturn]] EDDY_COLD void throw_other_loop() const {
    throw RuntimeError(std::string("eddy: tasks of two event loops wait for ") + waits_for() +
                       ", which is for one at a time");
  }
};

// A waiter that gets an error if what it waits for, a Source, is destroyed.
template <class Source>
struct WaiterOf : SyncWaiter {
  bool abandon() noexcept override {
    source_ = nullptr;
    return true;
  }

 protected:
  explicit WaiterOf(Source* source) noexcept : source_(source) {}
  ~WaiterOf() = default;
  void check_alive() const {
    if (source_ == nullptr) [[unlikely]] throw_abandoned();
  }
  [[nodiscard]] const void* waits_at() const noexcept final { return source_; }
  // The task is cancelled: gives up its place at the source.
  virtual void leave() noexcept = 0;
  CancelResult try_cancel(bool) noexcept final {
    if (source_ != nullptr) leave();
    return CancelResult::stopped;
  }

  Source* source_;  // null once it was destroyed while this waited
};

// For destructors: nobody may wait any more. In debug mode whoever does stops the program, otherwise he gets an error.
inline void break_waiters(WaitQueue& queue) noexcept {
  EventLoop* running = queue.empty() ? nullptr : running_loop_slot();
  while (WaitNode* node = queue.front()) {
    auto* waiter = static_cast<SyncWaiter*>(node);
    // A loop that does not run here may be gone already, with waiters that `run` had to leave behind.
    const bool reachable = running != nullptr && node->loop == &EventLoop::Internals::scheduler(*running);
    if (reachable && running->get_debug()) stop_for_waiter(waiter->waits_for(), static_cast<Frame*>(node->target));
    Scheduler* loop = node->loop;
    queue.remove(node);
    if (waiter->abandon() && reachable) loop->wake(node->target);
  }
}

}  // namespace eddy::inline EDDY_ABI::detail
