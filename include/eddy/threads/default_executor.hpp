// DefaultExecutor: the thread pool that a loop makes for `to_thread` when it is first needed, and ends with itself.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/loop/close_hooks.hpp>
#include <eddy/loop/event_loop.hpp>
#include <eddy/threads/thread_pool.hpp>

#include <memory>

namespace eddy::inline EDDY_ABI::detail {

class DefaultExecutor final : CloseHook {
 public:
  // The pool of `loop`.
  static const std::shared_ptr<PoolState>& of(EventLoop& loop) {
    CloseHook*& slot = EventLoop::Internals::default_executor(loop);
    if (slot == nullptr) {
      auto* made = new DefaultExecutor(loop);
      slot = made;
      EventLoop::Internals::close_hooks(loop).push_back(made);
    }
    return static_cast<DefaultExecutor*>(slot)->state_;
  }

 private:
  explicit DefaultExecutor(EventLoop& loop) : state_(std::make_shared<PoolState>()), waker_(EventLoop::Internals::waker(loop)) {
    state_->most = ThreadPool::default_size();
  }
  ~DefaultExecutor() = default;

  void begin_close() noexcept override {
    const std::lock_guard lock(state_->mutex);
    state_->on_end = [](void* self) noexcept { static_cast<DefaultExecutor*>(self)->waker_->signal(); };
    state_->on_end_argument = this;
    state_->closing = true;
    state_->work.notify_all();
  }
  [[nodiscard]] bool closed() noexcept override {
    const std::lock_guard lock(state_->mutex);
    return state_->threads == 0;
  }
  // Threads that are stuck in a job are left behind with the state that they share.
  void detach() noexcept override {
    {
      const std::lock_guard lock(state_->mutex);
      state_->on_end = nullptr;
      state_->closing = true;
      state_->work.notify_all();
    }
    delete this;
  }

  std::shared_ptr<PoolState> state_;
  WakerPointer waker_;
};

}  // namespace eddy::inline EDDY_ABI::detail
