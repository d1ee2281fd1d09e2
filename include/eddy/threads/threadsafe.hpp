// run_coroutine_threadsafe: starts a coroutine on a loop from another thread, and waits there for its result.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/error.hpp>
#include <eddy/base/outcome.hpp>
#include <eddy/base/time.hpp>
#include <eddy/loop/event_loop.hpp>
#include <eddy/task/create_task.hpp>
#include <eddy/task/task_handle.hpp>

#include <chrono>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace eddy::inline EDDY_ABI {

namespace detail {

// It is told when the loop closes, since a task that does not stop then never ends.
template <class T>
struct ThreadsafeState final : CloseHook {
  std::mutex mutex;
  std::condition_variable changed;
  std::optional<Outcome<T>> outcome;
  bool cancel_requested = false;
  // The loop's side; touched on its thread only, or before the post was accepted.
  Callback<TaskHandle<T>()> start;
  TaskHandle<T> task;
  std::shared_ptr<ThreadsafeState> registered;  // itself, while it is among the loop's hooks

  void finish(Outcome<T> how) {
    const std::lock_guard lock(mutex);
    if (!outcome) outcome.emplace(std::move(how));
    changed.notify_all();
  }
  void begin_close() noexcept override {}
  [[nodiscard]] bool closed() noexcept override { return true; }  // the task itself is waited for
  void detach() noexcept override {
    const auto self = std::move(registered);
    finish(Outcome<T>::from_exception(std::make_exception_ptr(LoopClosed())));
  }
};

// The start is posted; whether it is accepted decides who owns the node.
template <class T>
struct StartPost final : PostNode {
  StartPost(std::shared_ptr<ThreadsafeState<T>> target, EventLoop& on) : state(std::move(target)), loop(&on) {
    run = &StartPost::run_it;
  }
  static void run_it(PostNode* node) {
    const std::unique_ptr<StartPost> self(static_cast<StartPost*>(node));
    auto& state = self->state;
    try {
      state->task = state->start();
      state->start.reset();
      EventLoop& loop = *self->loop;
      state->task.add_done_callback([state, &loop](const TaskHandle<T>& task) {
        if (const auto registered = std::move(state->registered)) EventLoop::Internals::close_hooks(loop).remove(state.get());
        state->finish(outcome_of(task));
        state->task = TaskHandle<T>();
      });
      EventLoop::Internals::close_hooks(loop).push_back(state.get());
      state->registered = state;
      bool cancel = false;
      {
        const std::lock_guard lock(state->mutex);
        cancel = state->cancel_requested;
      }
      if (cancel) state->task.cancel();
    } catch (...) {
      state->finish(Outcome<T>::from_exception(std::current_exception()));
    }
  }
  static Outcome<T> outcome_of(const TaskHandle<T>& task) {
    try {
      if constexpr (std::is_void_v<T>) {
        task.result();
        return Outcome<T>::from_value();
      } else if constexpr (std::is_reference_v<T>) {
        return Outcome<T>::from_value(std::addressof(task.result()));
      } else {
        return Outcome<T>::from_value(HandleAccess::take(TaskHandle<T>(task)));
      }
    } catch (const CancelledError&) {
      return Outcome<T>::from_cancelled(std::current_exception());
    } catch (...) {
      return Outcome<T>::from_exception(std::current_exception());
    }
  }
  std::shared_ptr<ThreadsafeState<T>> state;
  EventLoop* loop;
};

template <class T>
struct CancelPost final : PostNode {
  explicit CancelPost(std::shared_ptr<ThreadsafeState<T>> target) : state(std::move(target)) { run = &CancelPost::run_it; }
  static void run_it(PostNode* node) {
    const std::unique_ptr<CancelPost> self(static_cast<CancelPost*>(node));
    if (self->state->task.valid()) self->state->task.cancel();
  }
  std::shared_ptr<ThreadsafeState<T>> state;
};

}  // namespace detail

/// The result of a coroutine that runs on another thread's loop. It may be moved between threads; dropping it leaves the task
/// running. Source: concurrent.futures.Future.
template <class T>
class [[nodiscard]] ThreadsafeFuture {
 public:
  /// Waits for the result and gives it; once. Errors: what the task throws; CancelledError; RuntimeError on the thread of
  /// the very loop, which would wait for ever; LoopClosed if the loop closed before the task started or ended.
  T get() {
    check_thread();
    std::unique_lock lock(state_->mutex);
    state_->changed.wait(lock, [this] { return state_->outcome.has_value(); });
    return std::move(*state_->outcome).value();
  }
  /// Waits at most `limit`; true if the result is there.
  template <class Rep, class Period>
  bool wait_for(std::chrono::duration<Rep, Period> limit) {
    check_thread();
    std::unique_lock lock(state_->mutex);
    return state_->changed.wait_for(lock, limit, [this] { return state_->outcome.has_value(); });
  }
  /// True once the result is there.
  [[nodiscard]] bool done() const {
    const std::lock_guard lock(state_->mutex);
    return state_->outcome.has_value();
  }
  /// Asks the task to stop. Any thread.
  void cancel() {
    {
      const std::lock_guard lock(state_->mutex);
      if (state_->outcome) return;
      state_->cancel_requested = true;
    }
    auto post = std::make_unique<detail::CancelPost<T>>(state_);
    if (waker_->post(post.get())) (void)post.release();
  }

 private:
  template <class F, class... Args>
  friend auto run_coroutine_threadsafe(EventLoop& loop, F&& fn, Args&&... args);
  ThreadsafeFuture(std::shared_ptr<detail::ThreadsafeState<T>> state, EventLoop& loop)
      : state_(std::move(state)), waker_(EventLoop::Internals::waker(loop)), loop_(&loop) {}
  void check_thread() const {
    if (detail::running_loop_slot() == loop_)
      throw RuntimeError("eddy: get() on the loop's own thread would wait for ever; co_await the coroutine instead");
  }
  std::shared_ptr<detail::ThreadsafeState<T>> state_;
  detail::WakerPointer waker_;
  const EventLoop* loop_;  // an address to compare with, never followed
};

/// Starts `fn(args…)`, a coroutine function, as a task of `loop`. The task is made on the loop's thread, from copies of the
/// function and the arguments. Threads: any. Errors: LoopClosed once the loop is closed.
/// Source: asyncio.run_coroutine_threadsafe.
template <class F, class... Args>
auto run_coroutine_threadsafe(EventLoop& loop, F&& fn, Args&&... args) {
  if constexpr (detail::check_task_function<F, Args...>()) {
    using T = AwaitResult<std::invoke_result_t<std::decay_t<F>&, std::decay_t<Args>...>>;
    auto state = std::make_shared<detail::ThreadsafeState<T>>();
    state->start = [fn = std::decay_t<F>(std::forward<F>(fn)), args = std::tuple<std::decay_t<Args>...>(std::forward<Args>(args)...),
                    &loop]() mutable {
      auto task = std::apply([&fn](auto&... each) { return detail::own_call(std::move(fn), std::move(each)...); }, args);
      return detail::create_task_on(loop, std::move(task), {});
    };
    auto post = std::make_unique<detail::StartPost<T>>(state, loop);
    if (!EventLoop::Internals::waker(loop)->post(post.get())) throw LoopClosed();
    (void)post.release();
    return ThreadsafeFuture<T>(std::move(state), loop);
  }
}

}  // namespace eddy::inline EDDY_ABI
