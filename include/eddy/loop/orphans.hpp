// Orphans: tasks that wait at something that was destroyed, until they are told so between two passes.
//
// They are not told at once, for a main task may end and leave workers that wait at a queue of its own. Those are cancelled
// with everything else that is left, and must not run once more, at a queue that is gone.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/loop/event_loop.hpp>
#include <eddy/loop/wait_queue.hpp>

#include <cstdio>
#include <cstdlib>

namespace eddy::inline EDDY_ABI::detail {

// In debug mode: the program ends where something was destroyed that a task waits for.
[[noreturn]] EDDY_COLD inline void stop_for_waiter(const char* what, Frame* root) noexcept {
  std::fprintf(stderr, "eddy: %s was destroyed while tasks waited for it; it must outlive them: %s\n", what, place_of(root).c_str());
  std::abort();
}

// For destructors: takes everybody out of `queue`, and tells each node's owner by `mark`. They stay suspended; who belongs to
// the loop that runs here is woken before its next pass. Another loop may be gone already, with waiters that `run` had to
// leave behind.
template <class Mark>
EDDY_COLD void orphan_all(WaitQueue& queue, Mark mark) noexcept {
  EventLoop* const running = queue.empty() ? nullptr : running_loop_slot();
  while (WaitNode* node = queue.front()) {
    Scheduler* const loop = node->loop;
    ReadyNode* const target = node->target;
    queue.remove(node);
    mark(node);
    if (running == nullptr || loop != &EventLoop::Internals::scheduler(*running)) continue;
    loop->orphans.add(node, target, loop);
    EventLoop::Internals::give(*running, kOrphans);
  }
}

// Between two passes: tells the tasks whose queue was destroyed. In debug mode the program stops.
EDDY_COLD inline void wake_orphans(EventLoop& loop) noexcept {
  WaitQueue& orphans = EventLoop::Internals::scheduler(loop).orphans;
  if (!EventLoop::Internals::take(loop, kOrphans) || orphans.empty()) return;
  if (loop.get_debug()) stop_for_waiter("a queue", static_cast<Frame*>(orphans.front()->target));
  orphans.wake_all();
}

}  // namespace eddy::inline EDDY_ABI::detail
