// uncancellable, try_finally and async_with: work and cleanup that a cancel must not cut short.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/nested_error.hpp>
#include <eddy/combine/timeout.hpp>
#include <eddy/task/as_task.hpp>
#include <eddy/task/current_task.hpp>

#include <concepts>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace eddy::inline EDDY_ABI {

/// Completes with what the work gives. A cancel of the caller does not reach it: it is waited for, and the cancel takes effect
/// at the caller's next blocking suspension. The work starts even if a cancel is in force already.
/// Source: trio's shielded scope. To detach from work instead of waiting for it, see `shield`.
template <class A>
auto uncancellable(A&& awaitable) {
  if constexpr (detail::check_awaitable<A>())
    return detail::make_timeout<detail::OnExpiry::throw_error>(TimeLimit(std::nullopt), std::forward<A>(awaitable), true);
}
/// The same for at most `limit`: then the work is stopped and waited for, and TimeoutError is thrown, or the caller
/// stops if it was cancelled meanwhile.
template <class A>
auto uncancellable(TimeLimit limit, A&& awaitable) {
  if constexpr (detail::check_awaitable<A>())
    return detail::make_timeout<detail::OnExpiry::throw_error>(limit, std::forward<A>(awaitable), true);
}

namespace detail {

template <class T, class Cleaned = void>
class [[nodiscard("nothing runs until this is awaited: co_await it")]] FinallyAwaiter final : public ScopeGroup {
 public:
  FinallyAwaiter(Task<T> body, Task<> cleanup) : ScopeGroup(false), body_(std::move(body)), cleanup_(std::move(cleanup)) {}
  FinallyAwaiter(FinallyAwaiter&& other) noexcept
      : ScopeGroup(false), body_(std::move(other.body_)), cleanup_(std::move(other.cleanup_)) {}

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  template <class P>
  EDDY_SUSPEND void await_suspend(std::coroutine_handle<P> handle) {
    Frame* frame = frame_of(handle);
    cleaner_.emplace(std::move(cleanup_));
    const bool stopped = frame->root->has(kStop);
    if (!stopped) worker_.emplace(std::move(body_));
    set_masked(stopped);
    begin(frame);
    if (stopped) {
      body_ = Task<T>();  // the body is not even started
      start_body(cleaner_->frame());
    } else {
      start_body(worker_->frame());
    }
  }
  T await_resume() {
    const bool failed = worker_ && !worker_->has_value() && !worker_->cancelled();
    std::exception_ptr error = failed ? worker_->take_error() : nullptr;
    if (!cleaner_->has_value()) {
      throw_displacing(cleaner_->take_error(), std::move(error), [](std::exception_ptr displaced) {
        EventLoop& loop = get_running_loop();
        report(&loop, "a cleanup failed after its body had failed with this", std::move(displaced), running_task(loop));
      });
    }
    if (error) std::rethrow_exception(error);
    if (!worker_ || worker_->cancelled()) throw CancelledError();
    return worker_->take();
  }

 private:
  void child_done(Frame* child) noexcept override {
    child_ended(child);
    if (child != cleaner_->frame()) {
      set_masked(true);
      start_body(cleaner_->frame());
      return;
    }
    const bool stopped = !worker_ || worker_->cancelled();
    if (stopped && cleaner_->has_value() && parent_stops()) {
      unwind_parent();
    } else {
      resume_parent();
    }
  }
  [[nodiscard]] const char* waits_for() const noexcept override {
    return body() == cleaner_->frame() ? "a cleanup" : "work with a cleanup";
  }

  Task<T> body_;
  Task<> cleanup_;
  std::optional<ChildSlot<T>> worker_;
  std::optional<ChildSlot<Cleaned>> cleaner_;
};

// A Task as it is; a callable as a task that calls it when it starts.
template <class A>
auto work_of(A&& work) {
  if constexpr (Awaitable<A>) {
    return make_task(std::forward<A>(work));
  } else {
    if constexpr (check_task_function<A>()) return own_call(std::forward<A>(work));
  }
}

}  // namespace detail

/// Runs `body`, then `cleanup`, however the body ends; completes with what the body gave or threw. Both are Tasks, other
/// awaitables, or functions without arguments that return one.
///
/// Cancellation: forwarded to the body; the cleanup is not cancelled. It also runs if a cancel is in force at the start,
/// and then the body never does. Errors: the cleanup's own error is thrown, with the body's nested into it; a cleanup
/// that fails while the caller is being cancelled delivers its error, and the cancel stays in force.
/// Source: try/finally with await in the finally block.
template <class Body, class Cleanup>
auto try_finally(Body&& body, Cleanup&& cleanup) {
  auto task = detail::work_of(std::forward<Body>(body));
  auto cleaner = detail::work_of(std::forward<Cleanup>(cleanup));
  static_assert(std::is_void_v<typename decltype(cleaner)::value_type>, "eddy: the cleanup of try_finally must return Task<>");
  using T = typename decltype(task)::value_type;
  return detail::FinallyAwaiter<T>(std::move(task), std::move(cleaner));
}

/// What `async_with` takes: `aenter()` and `aexit()` are awaitable, as Python's `__aenter__` and `__aexit__`.
template <class R>
concept AsyncResource = requires(R& resource) {
  { resource.aenter() } -> Awaitable;
  { resource.aexit() } -> Awaitable;
};

namespace detail {

template <class R>
Task<> exit_resource(R& resource) {
  co_await resource.aexit();
}

template <class R, class F>
auto enter_resource(R& resource, F& body) {
  using Entered = AwaitResult<decltype(resource.aenter())>;
  if constexpr (std::is_void_v<Entered>) {
    if constexpr (std::is_invocable_v<F&, R&>) {
      using T = AwaitResult<std::invoke_result_t<F&, R&>>;
      return [](R& r, F& f) -> Task<T> {
        co_await r.aenter();
        co_return co_await try_finally(f(r), exit_resource(r));
      }(resource, body);
    } else {
      using T = AwaitResult<std::invoke_result_t<F&>>;
      return [](R& r, F& f) -> Task<T> {
        co_await r.aenter();
        co_return co_await try_finally(f(), exit_resource(r));
      }(resource, body);
    }
  } else {
    using T = AwaitResult<std::invoke_result_t<F&, Entered>>;
    return [](R& r, F& f) -> Task<T> {
      Entered entered = co_await r.aenter();
      co_return co_await try_finally(f(std::forward<Entered>(entered)), exit_resource(r));
    }(resource, body);
  }
}

// Owns an rvalue resource and the body for as long as they are used.
template <class R, class F>
auto async_with_owned(R resource, F body) -> decltype(enter_resource(resource, body)) {
  co_return co_await enter_resource(resource, body);
}

}  // namespace detail

/// Awaits `resource.aenter()`, runs `body` with what that gave (with the resource itself if it gave nothing and the body
/// takes an argument), awaits `resource.aexit()`, and completes with what the body gave. An lvalue resource is
/// referred to, an rvalue is moved in.
///
/// Cancellation and errors: the exit runs as `try_finally`'s cleanup does, once the enter has completed; a cancel during the
/// enter runs neither body nor exit.
/// Source: `async with`.
template <class R, class F>
auto async_with(R&& resource, F&& body) {
  constexpr bool kResource = AsyncResource<std::remove_reference_t<R>>;
  static_assert(kResource, "eddy: async_with takes a resource first, whose aenter() and aexit() can be awaited");
  detail::check_callable<F>();
  if constexpr (kResource)
    return detail::async_with_owned<R, std::decay_t<F>>(std::forward<R>(resource), std::forward<F>(body));
}

}  // namespace eddy::inline EDDY_ABI
