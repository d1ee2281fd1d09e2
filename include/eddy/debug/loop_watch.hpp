// LoopWatch: the base of what looks on while a loop runs: it stands in the chain of the loop's watches, and passes on.
//
// It belongs to the program, which may keep it for longer than the loop lives: it is told of the loop's end, and leaves.
//
// The loop asks for watches only where it runs a batch by a hook; without one its own way of running a batch knows nothing of
// them. So the first watch puts a hook in place, and the last one takes it away.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/loop/close_hooks.hpp>
#include <eddy/loop/event_loop.hpp>
#include <eddy/loop/fork_guard.hpp>
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

// Who overrides a function calls the one here, too. Those that are told of an end call it last: debug mode's own watch may
// report then, and the program's handler may end this object.
class LoopWatch : eddy::detail::StepWatch, eddy::detail::CloseHook {
 public:
  LoopWatch(const LoopWatch&) = delete;
  LoopWatch& operator=(const LoopWatch&) = delete;

 protected:
  using Frame = eddy::detail::Frame;
  using State = eddy::detail::State;

  explicit LoopWatch(EventLoop& loop) noexcept : loop_(&loop) {
    eddy::detail::Scheduler& watched = scheduler();
    inner_ = watched.step_watch;
    watched.step_watch = this;
    if (watched.batch_hook == nullptr) watched.batch_hook = &watched_order;
    EventLoop::Internals::close_hooks(loop).push_back(this);
  }
  ~LoopWatch() {
    if (!has_loop()) return;
    EventLoop::Internals::close_hooks(*loop_).remove(this);
    leave();
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
  void exception_leaves(Frame* frame, const std::exception_ptr& error) noexcept override {
    if (inner_ != nullptr) inner_->exception_leaves(frame, error);
  }

  // The loop is gone in a moment, and still there to be asked.
  virtual void loop_ends() noexcept {}

  // Whether the loop is still there. In a forked child, which does not close its copy of it, only while it runs.
  [[nodiscard]] bool has_loop() const noexcept {
    return loop_ != nullptr && (!fork_guard_.in_child() || eddy::detail::running_loop_slot() == loop_);
  }
  [[nodiscard]] EventLoop& loop() const noexcept { return *loop_; }
  [[nodiscard]] eddy::detail::Scheduler& scheduler() const noexcept { return EventLoop::Internals::scheduler(*loop_); }

 private:
  eddy::detail::StepWatch** inner() noexcept final { return &inner_; }
  void begin_close() noexcept final {}
  [[nodiscard]] bool closed() noexcept final { return true; }
  void detach() noexcept final {
    loop_ends();
    leave();
    loop_ = nullptr;
  }
  void leave() noexcept {
    eddy::detail::Scheduler& watched = scheduler();
    eddy::detail::StepWatch** place = &watched.step_watch;
    while (place != nullptr && *place != nullptr && *place != this) place = (*place)->inner();
    if (place != nullptr && *place == this) *place = inner_;
    if (watched.step_watch == nullptr && watched.batch_hook == &watched_order) watched.batch_hook = nullptr;
  }

  EventLoop* loop_;
  eddy::detail::StepWatch* inner_ = nullptr;
  eddy::detail::ForkGuard fork_guard_;
};

}  // namespace eddy::inline EDDY_ABI::debug::detail
