// shield: to await a running task without being able to cancel it.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/task/future.hpp>
#include <eddy/task/task_handle.hpp>

#include <coroutine>
#include <type_traits>
#include <utility>

namespace eddy::inline EDDY_ABI {

namespace detail {

// Awaits through `Inner`, the handle's or the future's own awaiter, but leaves its wait list when cancelled.
template <class Inner, class Keep>
class [[nodiscard("shield waits for nothing until it is awaited: co_await it")]] ShieldAwaiter final : public Waiter {
 public:
  explicit ShieldAwaiter(Keep keep) : keep_(std::move(keep)) {}
  ShieldAwaiter(ShieldAwaiter&& other) noexcept : keep_(std::move(other.keep_)) {}

  [[nodiscard]] bool await_ready() const { return keep_.done(); }
  template <class P>
  EDDY_SUSPEND void await_suspend(std::coroutine_handle<P> handle) {
    Frame* frame = frame_of(handle);
    Inner::check(frame, keep_);
    wait_in(queue(), frame);
  }
  decltype(auto) await_resume() { return Inner::take(keep_); }

 private:
  WaitQueue& queue() { return Inner::queue(keep_); }
  CancelResult try_cancel(bool) noexcept override {
    queue().remove(this);
    return CancelResult::stopped;
  }
  [[nodiscard]] const char* waits_for() const noexcept override { return "a shielded task"; }
  Keep keep_;
};

template <class T, bool Owned>
struct ShieldedTask {
  static void check(Frame* frame, const TaskHandle<T>& handle) { check_not_own(frame, HandleAccess::frame(handle)); }
  static WaitQueue& queue(const TaskHandle<T>& handle) { return HandleAccess::frame(handle)->waiters; }
  static decltype(auto) take(TaskHandle<T>& handle) {
    if constexpr (Owned) {
      return HandleAccess::take(std::move(handle));
    } else {
      return handle.result();
    }
  }
};
template <class T>
struct ShieldedFuture {
  static void check(Frame*, const Future<T>&) noexcept {}
  static WaitQueue& queue(const Future<T>& future) { return FutureAccess::state(future).waiters; }
  static decltype(auto) take(Future<T>& future) { return future.result(); }
};

}  // namespace detail

/// Completes as `co_await handle` does. Cancellation: stops waiting at once and leaves the task running; so does a timeout
/// around it. If the task itself is cancelled, CancelledError is thrown. It takes handles and futures only: a Task would
/// have nobody to keep it running. Source: asyncio.shield.
template <class T>
auto shield(const TaskHandle<T>& handle) {
  return detail::ShieldAwaiter<detail::ShieldedTask<T, false>, TaskHandle<T>>(handle);
}
/// The same, giving T as `co_await std::move(handle)` does.
template <class T>
auto shield(TaskHandle<T>&& handle) {
  return detail::ShieldAwaiter<detail::ShieldedTask<T, true>, TaskHandle<T>>(std::move(handle));
}
template <class T>
auto shield(const Future<T>& future) {
  return detail::ShieldAwaiter<detail::ShieldedFuture<T>, Future<T>>(future);
}
template <class T>
auto shield(Task<T> task) {
  static_assert(!std::is_same_v<T, T>,
                "eddy: shield leaves its task running when the caller is cancelled, so the loop must own it: write "
                "shield(create_task(…)); to wait for the work instead, use uncancellable(…)");
  return task;  // so that the sentence is the only error
}

}  // namespace eddy::inline EDDY_ABI
