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

// The tasks of this thread's loop that wait in wait_all_tasks_blocked. They are ready all the time, and count as blocked;
// a round ends when all that wait in it may go on.
struct BlockedWatchers {
  std::size_t count = 0;
  std::size_t round = 0;

  EDDY_NOINLINE static BlockedWatchers& of_this_thread() noexcept {
    static thread_local BlockedWatchers watchers;
    return watchers;
  }
  void end_round() noexcept {
    count = 0;
    ++round;
  }
};

class BlockedWatcher {
 public:
  BlockedWatcher() noexcept : round_(BlockedWatchers::of_this_thread().round) { ++BlockedWatchers::of_this_thread().count; }
  BlockedWatcher(const BlockedWatcher&) = delete;
  BlockedWatcher& operator=(const BlockedWatcher&) = delete;
  ~BlockedWatcher() {
    if (!released()) --BlockedWatchers::of_this_thread().count;
  }
  [[nodiscard]] bool released() const noexcept { return round_ != BlockedWatchers::of_this_thread().round; }

 private:
  std::size_t round_;
};

}  // namespace detail

/// Completes once every other task of the loop waits for something that has not come: a timer, a lock, another task, a
/// descriptor. No time passes on a virtual clock. Several may wait for it at once; they all go on then.
/// Cancellation: stops at its next turn. Source: trio.testing.wait_all_tasks_blocked.
inline Task<> wait_all_tasks_blocked() {
  eddy::detail::Scheduler& scheduler = EventLoop::Internals::scheduler(get_running_loop());
  const detail::BlockedWatcher here;
  for (;;) {
    co_await yield();
    if (here.released()) co_return;
    detail::BlockedWatchers& watchers = detail::BlockedWatchers::of_this_thread();
    if (scheduler.batch.count() + scheduler.ready.count() < watchers.count) {
      watchers.end_round();
      co_return;
    }
  }
}

}  // namespace eddy::inline EDDY_ABI::testing
