// LoopWatch: the base of what looks on while a loop runs: it stands in the chain of the loop's watches, and passes on.
//
// The loop asks for watches only where it runs a batch by a hook; without one its own way of running a batch knows nothing of
// them. So the first watch puts a hook in place, and the last one takes it away.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/loop/event_loop.hpp>
#include <eddy/loop/scheduler.hpp>

#include <cstdint>
#include <exception>

namespace eddy::inline EDDY_ABI::debug::detail {

// Runs a batch as the loop does, and tells the watches. It has no state.
struct WatchedOrder final : eddy::detail::BatchHook {
  std::uint32_t run_batch(eddy::detail::Scheduler& scheduler) override {
    std::uint32_t ran = 0;
    while (eddy::detail::ReadyNode* node = scheduler.batch.pop()) {
      ++ran;
      scheduler.run_node(node);
      while (eddy::detail::ReadyNode* follower = scheduler.next.pop()) scheduler.run_node(follower);
    }
    return ran;
  }
};
inline constinit WatchedOrder watched_order{};

// Who overrides a function calls the one here, too.
class LoopWatch : eddy::detail::StepWatch {
 public:
  LoopWatch(const LoopWatch&) = delete;
  LoopWatch& operator=(const LoopWatch&) = delete;

 protected:
  using Frame = eddy::detail::Frame;
  using State = eddy::detail::State;

  explicit LoopWatch(EventLoop& loop) noexcept : loop_(loop) {
    eddy::detail::Scheduler& watched = scheduler();
    inner_ = watched.step_watch;
    watched.step_watch = this;
    if (watched.batch_hook == nullptr) watched.batch_hook = &watched_order;
  }
  ~LoopWatch() {
    eddy::detail::Scheduler& watched = scheduler();
    eddy::detail::StepWatch** place = &watched.step_watch;
    while (place != nullptr && *place != nullptr && *place != this) place = (*place)->inner();
    if (place != nullptr && *place == this) *place = inner_;
    if (watched.step_watch == nullptr && watched.batch_hook == &watched_order) watched.batch_hook = nullptr;
  }

  void strand_begins() noexcept override {
    if (inner_ != nullptr) inner_->strand_begins();
  }
  void strand_ran(Frame* root) noexcept override {
    if (inner_ != nullptr) inner_->strand_ran(root);
  }
  void callback_begins(eddy::detail::CallbackNode* node) noexcept override {
    if (inner_ != nullptr) inner_->callback_begins(node);
  }
  void callback_ran() noexcept override {
    if (inner_ != nullptr) inner_->callback_ran();
  }
  void task_cancelled(Frame* task, Frame* by, eddy::detail::Location where) noexcept override {
    if (inner_ != nullptr) inner_->task_cancelled(task, by, where);
  }
  void exception_leaves(Frame* frame, const std::exception_ptr& error) noexcept override {
    if (inner_ != nullptr) inner_->exception_leaves(frame, error);
  }

  [[nodiscard]] EventLoop& loop() const noexcept { return loop_; }
  [[nodiscard]] eddy::detail::Scheduler& scheduler() const noexcept { return EventLoop::Internals::scheduler(loop_); }

 private:
  eddy::detail::StepWatch** inner() noexcept final { return &inner_; }

  EventLoop& loop_;
  eddy::detail::StepWatch* inner_ = nullptr;
};

}  // namespace eddy::inline EDDY_ABI::debug::detail
