// wait_all_tasks_blocked: to go on when everybody else waits for something.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/loop/event_loop.hpp>
#include <eddy/task/sleep.hpp>
#include <eddy/task/task.hpp>

#include <cstddef>

namespace eddy::inline EDDY_ABI::testing {

namespace detail {

// How many tasks of this thread's loop wait in wait_all_tasks_blocked: they are ready all the time, and count as blocked.
EDDY_NOINLINE inline std::size_t& blocked_watchers() noexcept {
  static thread_local std::size_t count = 0;
  return count;
}

struct BlockedWatcher {
  BlockedWatcher() noexcept { ++blocked_watchers(); }
  BlockedWatcher(const BlockedWatcher&) = delete;
  BlockedWatcher& operator=(const BlockedWatcher&) = delete;
  ~BlockedWatcher() { --blocked_watchers(); }
};

}  // namespace detail

/// Completes once every other task of the loop waits for something that has not come: a timer, a lock, another task, a
/// descriptor. No time passes on a virtual clock. Several may wait for it at once; they go on in the same pass.
/// Cancellation: stops at its next turn. Source: trio.testing.wait_all_tasks_blocked.
inline Task<> wait_all_tasks_blocked() {
  eddy::detail::Scheduler& scheduler = EventLoop::Internals::scheduler(get_running_loop());
  for (const detail::BlockedWatcher here;;) {
    co_await yield();
    if (scheduler.batch.count() + scheduler.ready.count() < detail::blocked_watchers()) co_return;
  }
}

}  // namespace eddy::inline EDDY_ABI::testing
