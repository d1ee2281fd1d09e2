// timeout, timeout_at, wait_for and move_on_after: work that is stopped when a deadline passes.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/callable.hpp>
#include <eddy/base/reference.hpp>
#include <eddy/combine/scope.hpp>
#include <eddy/task/as_task.hpp>
#include <eddy/task/watcher.hpp>

#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace eddy::inline EDDY_ABI {

namespace detail {

// When a scope's time is up: after a while, at a point, or never.
class Limit {
 public:
  Limit(TimeLimit limit) noexcept : time_(limit.duration()), kind_(limit.limited() ? Kind::after : Kind::never) {}
  explicit Limit(std::optional<TimePoint> at) noexcept
      : time_(at ? at->time_since_epoch() : Duration::zero()), kind_(at ? Kind::at : Kind::never) {}

  [[nodiscard]] bool limited() const noexcept { return kind_ != Kind::never; }
  [[nodiscard]] bool passed(const EventLoop& loop) const noexcept {
    if (kind_ == Kind::after) return time_ <= Duration::zero();
    return kind_ == Kind::at && TimePoint(time_) <= loop.time();
  }
  [[nodiscard]] TimePoint deadline(const EventLoop& loop) const noexcept {
    return kind_ == Kind::at ? TimePoint(time_) : saturating_add(loop.time(), time_);
  }

 private:
  enum class Kind : unsigned char { never, after, at };
  Duration time_;
  Kind kind_;
};

enum class OnExpiry : unsigned char { throw_error, give_nothing };

// What move_on_after gives.
template <class T>
using Maybe = std::conditional_t<std::is_void_v<T>, bool,
                                 std::conditional_t<std::is_reference_v<T>, std::add_pointer_t<T>,
                                                    std::optional<std::conditional_t<std::is_void_v<T>, int, T>>>>;

// Makes the body when it starts: a Task as it is, or a callable that is called then.
template <class T>
class TaskBody {
 public:
  using value_type = T;
  explicit TaskBody(Task<T>&& task) noexcept : task_(std::move(task)) {}
  TaskBody(TaskBody&&) = default;
  ~TaskBody() = default;
  Task<T>&& make(Timeout&) noexcept { return std::move(task_); }

 private:
  Task<T> task_;
};

template <class F, class... Args>
class CallableBody {
  static constexpr bool kTakesTimeout = std::is_invocable_v<F&, Timeout&, Args...>;
  static auto call(F& fn, Timeout& timeout, Args&... args) {
    if constexpr (kTakesTimeout) {
      return own_call(std::move(fn), std::ref(timeout), std::move(args)...);
    } else {
      return own_call(std::move(fn), std::move(args)...);
    }
  }

 public:
  using value_type = typename decltype(call(std::declval<F&>(), std::declval<Timeout&>(), std::declval<Args&>()...))::value_type;
  template <class G, class... As>
  explicit CallableBody(std::in_place_t, G&& fn, As&&... args) : fn_(std::forward<G>(fn)), args_(std::forward<As>(args)...) {}
  CallableBody(CallableBody&&) = default;
  ~CallableBody() = default;
  Task<value_type> make(Timeout& timeout) {
    return std::apply([&](Args&... args) { return call(fn_, timeout, args...); }, args_);
  }

 private:
  F fn_;
  std::tuple<Args...> args_;
};

template <class Body, OnExpiry Expires>
class [[nodiscard("nothing runs until this is awaited: co_await it")]] TimeoutAwaiter final : public ScopeGroup {
 public:
  using T = typename Body::value_type;
  using Result = std::conditional_t<Expires == OnExpiry::throw_error, T, Maybe<T>>;

  // With `start_when_passed` a limit that has passed lets the body run to its first wait; else it is not started.
  TimeoutAwaiter(Limit limit, Body&& body, bool masked, bool start_when_passed)
      : ScopeGroup(masked), limit_(limit), body_(std::move(body)), start_when_passed_(start_when_passed), masked_now_(masked) {}
  TimeoutAwaiter(TimeoutAwaiter&& other) noexcept
      : ScopeGroup(other.masked_now_), limit_(other.limit_), body_(std::move(other.body_)),
        start_when_passed_(other.start_when_passed_), masked_now_(other.masked_now_) {}

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  template <class P>
  EDDY_SUSPEND bool await_suspend(std::coroutine_handle<P> handle) {
    if (!begin(frame_of(handle))) return true;
    EventLoop& event_loop = EventLoop::Internals::loop(loop());
    try {
      const bool passed = limit_.passed(event_loop);
      if (passed && !start_when_passed_) {
        unpark();
        return false;
      }
      child_.emplace(body_.make(timeout()));
      if (passed) {
        start_expired_body(child_->frame());
      } else {
        if (limit_.limited()) arm(limit_.deadline(event_loop));
        start_body(child_->frame());
      }
    } catch (...) {
      unpark();
      throw;
    }
    return true;
  }
  Result await_resume() {
    if (child_ && child_->has_value()) {
      if constexpr (Expires == OnExpiry::throw_error) {
        return child_->take();
      } else if constexpr (std::is_void_v<T>) {
        return true;
      } else if constexpr (std::is_reference_v<T>) {
        return &child_->take();
      } else {
        return Result(std::in_place, child_->take());
      }
    }
    if (child_ && !child_->cancelled()) std::rethrow_exception(child_->take_error());
    if constexpr (Expires == OnExpiry::throw_error) {
      throw TimeoutError();
    } else {
      return Result();
    }
  }

 private:
  Limit limit_;
  Body body_;
  bool start_when_passed_;
  bool masked_now_ = false;
  std::optional<ChildSlot<T>> child_;
};

template <OnExpiry Expires, class A>
auto make_timeout(Limit limit, A&& awaitable, bool masked = false, bool start_when_passed = true) {
  if constexpr (is_task<std::remove_cvref_t<A>>) {
    using T = typename std::remove_cvref_t<A>::value_type;
    return TimeoutAwaiter<TaskBody<T>, Expires>(limit, TaskBody<T>(std::move(awaitable)), masked, start_when_passed);
  } else {
    return make_timeout<Expires>(limit, make_task(std::forward<A>(awaitable)), masked, start_when_passed);
  }
}

// A function that can be the body of a timeout; it may take a Timeout& first.
template <class F, class... Args>
constexpr bool check_timeout_body() {
  constexpr bool kTakesTimeout = std::is_invocable_v<F&, Timeout&, Args...>;
  constexpr bool kCallable = kTakesTimeout || std::is_invocable_v<F&, Args...>;
  static_assert(kCallable,
                "eddy: this can neither be awaited nor called with these arguments: what gets a deadline is a Task, another "
                "awaitable, or a function and copies of its arguments (std::ref for a non-const reference)");
  if constexpr (kTakesTimeout) {
    return check_gives_awaitable<F&, Timeout&, Args...>();
  } else if constexpr (kCallable) {
    return check_gives_awaitable<F&, Args...>();
  }
  return false;
}
template <OnExpiry Expires, class F, class... Args>
auto make_timeout_of(Limit limit, F&& fn, Args&&... args) {
  if constexpr (check_timeout_body<std::decay_t<F>, std::decay_t<Args>...>()) {
    check_callable<F>();
    using Body = CallableBody<std::decay_t<F>, std::decay_t<Args>...>;
    return TimeoutAwaiter<Body, Expires>(limit, Body(std::in_place, std::forward<F>(fn), std::forward<Args>(args)...), false, true);
  }
}

}  // namespace detail

/// Completes with what the awaitable gives; if `limit` passes first, the awaitable is stopped, *waited for*, and
/// TimeoutError is thrown. `std::nullopt` means no limit.
///
/// What the work gives or throws after it was stopped is delivered instead of the TimeoutError; so is a result that is
/// there at the very moment of the deadline. A limit of zero or less lets the work run up to its first blocking
/// suspension. Around a handle or a future an expired timeout cancels what it refers to. Nested timeouts: each
/// converts its own expiry only.
///
/// Cancellation: forwarded to the work. Complexity: a timer; the body runs in the caller's task. Source: asyncio.timeout.
template <Awaitable A>
auto timeout(TimeLimit limit, A&& awaitable) {
  return detail::make_timeout<detail::OnExpiry::throw_error>(limit, std::forward<A>(awaitable));
}
/// The same for a body `fn(args…)`, or `fn(timeout, args…)` with a Timeout& by which it can move its own deadline.
template <class F, class... Args>
  requires(!Awaitable<F>)
auto timeout(TimeLimit limit, F&& fn, Args&&... args) {
  return detail::make_timeout_of<detail::OnExpiry::throw_error>(limit, std::forward<F>(fn), std::forward<Args>(args)...);
}
/// `timeout` with a point on the loop's clock. Source: asyncio.timeout_at.
template <Awaitable A>
auto timeout_at(std::optional<TimePoint> when, A&& awaitable) {
  return detail::make_timeout<detail::OnExpiry::throw_error>(detail::Limit(when), std::forward<A>(awaitable));
}
template <class F, class... Args>
  requires(!Awaitable<F>)
auto timeout_at(std::optional<TimePoint> when, F&& fn, Args&&... args) {
  return detail::make_timeout_of<detail::OnExpiry::throw_error>(detail::Limit(when), std::forward<F>(fn), std::forward<Args>(args)...);
}

/// As `timeout`, with asyncio's argument order and its rule for limits of zero or less: what is finished gives its result, a
/// Task is not even started, a task behind a handle is cancelled and waited for. Source: asyncio.wait_for.
template <class A>
auto wait_for(A&& awaitable, TimeLimit limit) {
  using Plain = std::remove_cvref_t<A>;
  if constexpr (!detail::check_awaitable<A>()) {
    return;
  } else if constexpr (detail::is_handle<Plain> || detail::is_future<Plain>) {
    // A limit that has passed must still cancel what is behind the handle: so it expires in the next pass.
    if (limit.passed() && !awaitable.done()) limit = TimeLimit(Duration(1));
    return detail::make_timeout<detail::OnExpiry::throw_error>(limit, std::forward<A>(awaitable));
  } else {
    return detail::make_timeout<detail::OnExpiry::throw_error>(limit, std::forward<A>(awaitable), false, !detail::is_task<Plain>);
  }
}

/// As `timeout`, but an expiry is no error: completes with `std::optional<T>`, `bool` for void, a pointer for a
/// reference; empty, false, null if the deadline passed first. Source: trio.move_on_after.
template <Awaitable A>
auto move_on_after(TimeLimit limit, A&& awaitable) {
  return detail::make_timeout<detail::OnExpiry::give_nothing>(limit, std::forward<A>(awaitable));
}
template <class F, class... Args>
  requires(!Awaitable<F>)
auto move_on_after(TimeLimit limit, F&& fn, Args&&... args) {
  return detail::make_timeout_of<detail::OnExpiry::give_nothing>(limit, std::forward<F>(fn), std::forward<Args>(args)...);
}

}  // namespace eddy::inline EDDY_ABI
