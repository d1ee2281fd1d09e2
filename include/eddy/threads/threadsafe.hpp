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

// It is told when the loop closes, since a task that does not stop then never ends, and a start that waits for its turn may
// be dropped.
template <class T>
struct ThreadsafeState final : CloseHook {
  std::mutex mutex;
  std::condition_variable changed;
  std::optional<Outcome<T>> outcome;
  bool cancel_requested = false;
  Location cancelled_at{};
  // The loop's side; touched on its thread only, or before the post was accepted.
  Callback<TaskHandle<T>()> start;
  TaskHandle<T> task;
  std::shared_ptr<ThreadsafeState> registered;  // itself, while it is among the loop's hooks

  void finish(Outcome<T> how) {
    const std::lock_guard lock(mutex);
    if (!outcome) outcome.emplace(std::move(how));
    changed.notify_all();
  }
  void enter(EventLoop& loop, std::shared_ptr<ThreadsafeState> self) noexcept {
    EventLoop::Internals::close_hooks(loop).push_back(this);
    registered = std::move(self);
  }
  void leave(EventLoop& loop, Outcome<T> how) {
    const auto self = std::move(registered);
    if (self) EventLoop::Internals::close_hooks(loop).remove(this);
    drop();
    finish(std::move(how));
  }
  // What belongs to the loop's thread must not be left to whoever drops the state last.
  void drop() noexcept {
    start.reset();
    task = TaskHandle<T>();
  }
  // Makes the task, in the turn of the callback that was posted for that.
  void begin(EventLoop& loop) {
    try {
      task = start();
      start.reset();
      task.add_done_callback(
          [self = registered, &loop](const TaskHandle<T>& done) { self->leave(loop, outcome_of(done)); });
      deliver_cancel();
    } catch (...) {
      leave(loop, Outcome<T>::from_exception(std::current_exception()));
    }
  }
  // Before the task is made, and after it has ended, there is nothing to cancel.
  void deliver_cancel() {
    if (!task.valid()) return;
    Location where{};
    {
      const std::lock_guard lock(mutex);
      if (!std::exchange(cancel_requested, false)) return;
      where = cancelled_at;
    }
    task.cancel(where);
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
  void begin_close() noexcept override {}
  [[nodiscard]] bool closed() noexcept override { return true; }  // the task itself is waited for
  void detach() noexcept override {
    const auto self = std::move(registered);
    drop();
    finish(Outcome<T>::from_exception(detail::make_error<LoopClosed>()));
  }
};

// What is posted for a state. On the loop's thread it queues a callback, so it has its turn among all that is posted.
template <class T>
struct ThreadsafePost : PostNode {
  ThreadsafePost(std::shared_ptr<ThreadsafeState<T>> target, EventLoop* on, void (*function)(PostNode*))
      : state(std::move(target)), loop(on) {
    run = function;
  }
  std::shared_ptr<ThreadsafeState<T>> state;
  EventLoop* loop;
};

template <class T>
struct StartPost final : ThreadsafePost<T> {
  StartPost(std::shared_ptr<ThreadsafeState<T>> target, EventLoop* on)
      : ThreadsafePost<T>(std::move(target), on, &StartPost::run_it) {}
  static void run_it(PostNode* node) {
    const std::unique_ptr<StartPost> self(static_cast<StartPost*>(node));
    auto& state = self->state;
    try {
      self->loop->call_soon([state, &loop = *self->loop] { state->begin(loop); });
      state->enter(*self->loop, state);
    } catch (...) {
      state->leave(*self->loop, Outcome<T>::from_exception(std::current_exception()));
    }
  }
};

template <class T>
struct CancelPost final : ThreadsafePost<T> {
  CancelPost(std::shared_ptr<ThreadsafeState<T>> target, EventLoop* on)
      : ThreadsafePost<T>(std::move(target), on, &CancelPost::run_it) {}
  static void run_it(PostNode* node) {
    const std::unique_ptr<CancelPost> self(static_cast<CancelPost*>(node));
    try {
      self->loop->call_soon([state = self->state] { state->deliver_cancel(); });
    } catch (...) {  // no memory for a turn of its own
      self->state->deliver_cancel();
    }
  }
};

// False once the loop is closed. On the loop's own thread nothing has to be posted.
template <class Post>
bool post_to(const EventLoop* loop, Waker& waker, std::unique_ptr<Post> post) {
  if (EventLoop::Internals::runs_here(loop)) {
    Post::run_it(post.release());
    return true;
  }
  if (!waker.post(post.get())) return false;
  (void)post.release();
  return true;
}

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
  /// Asks the task to stop. Any thread. `where` as of TaskHandle::cancel.
  void cancel(detail::Location where = detail::Location::here()) {
    {
      const std::lock_guard lock(state_->mutex);
      if (state_->outcome) return;
      state_->cancel_requested = true;
      state_->cancelled_at = where;
    }
    (void)detail::post_to(loop_, *waker_, std::make_unique<detail::CancelPost<T>>(state_, loop_));
  }

 private:
  template <class F, class... Args>
  friend auto run_coroutine_threadsafe(EventLoop& loop, F&& fn, Args&&... args);
  ThreadsafeFuture(std::shared_ptr<detail::ThreadsafeState<T>> state, EventLoop& loop)
      : state_(std::move(state)), waker_(EventLoop::Internals::waker(loop)), loop_(&loop) {}
  void check_thread() const {
    if (detail::running_loop_slot() == loop_)
      detail::throw_misuse<RuntimeError>("get() on the loop's own thread would wait for ever; co_await the coroutine instead");
  }
  std::shared_ptr<detail::ThreadsafeState<T>> state_;
  detail::WakerPointer waker_;
  EventLoop* loop_;  // followed on its own thread only, in a post that it accepted
};

/// Starts `fn(args…)`, a coroutine function, as a task of `loop`. The task is made on the loop's thread, from copies of the
/// function and the arguments, by a callback that has its turn among those of `call_soon_threadsafe`. Threads: any. Errors: LoopClosed once the loop is closed.
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
    auto post = std::make_unique<detail::StartPost<T>>(state, &loop);
    if (!detail::post_to(&loop, *EventLoop::Internals::waker(loop), std::move(post))) throw LoopClosed();
    return ThreadsafeFuture<T>(std::move(state), loop);
  }
}

}  // namespace eddy::inline EDDY_ABI
