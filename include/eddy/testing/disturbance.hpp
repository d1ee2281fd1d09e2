// Disturbance: what a sweep does to the runs of a test, and the hook by which it is done.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/loop/event_loop.hpp>
#include <eddy/loop/scheduler.hpp>
#include <eddy/task/cancellation.hpp>
#include <eddy/task/current_task.hpp>
#include <eddy/testing/allocations.hpp>
#include <eddy/testing/order.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace eddy::inline EDDY_ABI::testing::detail {

// The order of tasks, and one event: a cancel of the main task, or an allocation that fails. A test may run several loops:
// the counts go on through all of them.
struct Disturbance {
  std::uint64_t seed = 0;
  std::size_t cancel_at = 0;  // the main task is cancelled at this point; 0: never
  std::size_t fail_at = 0;    // this allocation fails; 0: none
  bool fail_persistently = false;
  bool sweeping = false;   // one run of a sweep: what is left running is no failure
  bool muted = false;      // checks are evaluated, and not judged
  bool happened = false;   // the event
  std::size_t points = 0;

  // That of the test that runs in this thread, or null.
  EDDY_NOINLINE static Disturbance*& current() noexcept {
    static thread_local Disturbance* disturbance = nullptr;
    return disturbance;
  }
};

// Puts a disturbance in force for a scope.
class Disturbed {
 public:
  explicit Disturbed(Disturbance& disturbance) noexcept : outer_(std::exchange(Disturbance::current(), &disturbance)) {}
  Disturbed(const Disturbed&) = delete;
  Disturbed& operator=(const Disturbed&) = delete;
  ~Disturbed() { Disturbance::current() = outer_; }

 private:
  Disturbance* outer_;
};

// Whether the loop has no task but the main one and what that owns, and no callback. In tests that were not written to be
// disturbed, these may refer to the main task's locals, which must not end before they do.
inline bool main_is_alone(const void* scheduler) noexcept {
  const auto& state = *static_cast<const eddy::detail::Scheduler*>(scheduler);
  const bool callbacks = EventLoop::Internals::has_callbacks(state) || state.batch.holds_callback() || state.ready.holds_callback();
  return !callbacks && (state.tasks.empty() || state.tasks.after(state.tasks.front()) == nullptr);
}

// Runs the loop's batches in the order that the seed gives, and cancels the main task at its point. Points are before and
// after each resumption of a task, and each callback: so a wait is cut while it lasts, and when what it waited for has come.
class TestHook final : public eddy::detail::BatchHook {
 public:
  explicit TestHook(std::uint64_t seed) : order_(seed) {}
  // The current task is the one to be cancelled, until `unwatch`.
  void watch() {
    main_ = current_task();
    main_frame_ = eddy::detail::running_task(get_running_loop());
  }
  void unwatch() noexcept {
    main_ = {};
    main_frame_ = nullptr;
  }
  std::uint32_t run_batch(eddy::detail::Scheduler& scheduler) override {
    {
      const AllocationsSucceed pause;
      order_.arrange(scheduler);
    }
    if (scheduler.batch.empty()) return 0;
    point(scheduler);
    std::uint32_t ran = 0;
    while (eddy::detail::ReadyNode* node = scheduler.batch.pop()) {
      ++ran;
      scheduler.run_node(node);
      point(scheduler);
      while (eddy::detail::ReadyNode* follower = scheduler.next.pop()) {
        scheduler.run_node(follower);
        point(scheduler);
      }
    }
    return ran;
  }

 private:
  void point(eddy::detail::Scheduler& scheduler) {
    Disturbance* wanted = Disturbance::current();
    if (wanted == nullptr || wanted->cancel_at == 0) return;
    const AllocationsSucceed pause;
    if (wanted->happened && wanted->muted) cancel_others(scheduler);  // those that are new, too
    if (main_.done() || ++wanted->points < wanted->cancel_at) return;
    if (!wanted->happened && wanted->muted) cancel_others(scheduler);
    wanted->happened = true;
    if (main_.cancelling() == 0 && (!wanted->muted || main_is_alone(&scheduler))) main_.cancel("cancelled by a sweep");
  }
  // Those that main does not own, so that they end before it.
  void cancel_others(eddy::detail::Scheduler& scheduler) {
    for (eddy::detail::Frame* task = scheduler.tasks.front(); task != nullptr; task = scheduler.tasks.after(task)) {
      if (task != main_frame_ && task->has(eddy::detail::kTask)) eddy::detail::mark_cancelled(task);
    }
    scheduler.deliver_stops();
  }

  SeededOrder order_;
  TaskRef main_;
  eddy::detail::Frame* main_frame_ = nullptr;
};

}  // namespace eddy::inline EDDY_ABI::testing::detail
