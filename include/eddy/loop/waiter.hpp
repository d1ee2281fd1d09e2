// Waiter: the base of every awaiter that waits in a WaitQueue.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/loop/scheduler.hpp>
#include <eddy/loop/wait_queue.hpp>

namespace eddy::inline EDDY_ABI::detail {

struct Waiter : Suspension, WaitNode {
  // Parks `frame` and joins the end of `queue`. False if a stop is in force: then it is not in the queue.
  bool wait_in(WaitQueue& queue, Frame* frame) noexcept {
    return join(queue, queue.front(), frame, frame->root->loop);
  }
  // The same with what is at hand already: the first in the queue, or null, and the loop.
  EDDY_INLINE bool join(WaitQueue& queue, WaitNode* first, Frame* frame, Scheduler* its_loop) noexcept {
    Frame* const root = frame->root;
    if (!park(frame, this)) return false;
    queue.add(this, root, its_loop, first);
    return true;
  }

 protected:
  Waiter() noexcept : WaitNode(NeverAsks::whether_it_waits) {}
  ~Waiter() = default;
};

}  // namespace eddy::inline EDDY_ABI::detail
