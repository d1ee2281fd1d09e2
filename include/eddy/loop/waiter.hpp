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
    if (!park(frame, this)) return false;
    queue.add(this, frame->root, frame->root->loop);
    return true;
  }
  [[nodiscard]] bool waiting() const noexcept { return loop != nullptr; }

 protected:
  Waiter() = default;
  ~Waiter() = default;
};

}  // namespace eddy::inline EDDY_ABI::detail
