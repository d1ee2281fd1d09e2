// timeout, timeout_at, wait_for and move_on_after: work that is stopped when a deadline passes.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/callable.hpp>
#include <eddy/base/reference.hpp>
#include <eddy/combine/scope.hpp>
#include <eddy/combine/timed_out.hpp>
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
  // When it passes, if it is limited; nothing that has passed needs one.
  [[nodiscard]] bool passed(const EventLoop& loop, TimePoint& deadline) const noexcept {
    if (kind_ == Kind::after && time_ <= Duration::zero()) return true;
    const TimePoint present = loop.time();
    if (kind_ == Kind::at) {
      deadline = TimePoint(time_);
      return deadline <= present;
    }
    deadline = saturating_add(present, time_);
    return false;
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

// The body's block: a Task that has not started yet (and may not be moved bit by bit), then the holder of its outcome.
class BodyHolder {
 public:
  BodyHolder() noexcept = default;
  BodyHolder(BodyHolder&& other) noexcept {
    if (other.startable()) keep(std::exchange(other.frame_, nullptr));
  }
  BodyHolder& operator=(BodyHolder&&) = delete;
  ~BodyHolder() = default;

  template <class T>
  void hold(Task<T>& task) noexcept {
    Frame* frame = TaskAccess::frame(task);
    if (frame == nullptr) return;
    TaskAccess::release(task, frame);
    keep(frame);
  }
  // What is to be started now. Errors: InvalidStateError if the Task was empty or has been started.
  [[nodiscard]] Frame* prepare() const {
    if (!startable()) throw_empty_task();
    return frame_;
  }
  // True if it has ended in this way; false if it never started.
  [[nodiscard]] bool has_ended(Ended how) const noexcept { return frame_ != nullptr && frame_->ended == how; }
  template <class T>
  [[nodiscard]] T take() {
    return ResultSlot<T>::take(frame_);
  }
  [[noreturn]] void rethrow() const { std::rethrow_exception(frame_->error()); }
  // It is not started, as is right.
  void pass_over() noexcept { if (frame_ != nullptr) frame_->set(kRetrieved); }
  template <class T>
  void reset() noexcept {
    if (frame_ != nullptr) drop<std::conditional_t<ResultSlot<T>::kTrivial, void, T>>(std::exchange(frame_, nullptr));
  }

 private:
  void keep(Frame* frame) noexcept {
    frame_ = frame;
    frame->holder = &frame_;
  }
  [[nodiscard]] bool startable() const noexcept {
    if (frame_ == nullptr || frame_->holder == &frame_) return frame_ != nullptr;
#if defined(EDDY_CLOSURE_PRVALUES_BREAK)
    if (!frame_->has(kChild)) stop_for_copied_task();
#endif
    return false;  // it has been started
  }
  // Nobody else can hold the block of one that has ended: it was no task of its own.
  template <class T>
  EDDY_NOINLINE static void drop(Frame* frame) noexcept {
    if (frame->ended != Ended::value) [[unlikely]] return drop_without_value<T>(frame);
    if constexpr (!ResultSlot<T>::kTrivial) ResultSlot<T>::destroy(frame);
    free_frame(frame);
  }
  template <class T>
  EDDY_COLD static void drop_without_value(Frame* frame) noexcept {
    if (!frame->has(kChild)) return drop_unstarted(frame);
    frame->set(kRetrieved);
    release_result<T>(frame);
  }

  Frame* frame_ = nullptr;
};

// What becomes the body when it starts: a Task, held from the beginning, or a callable that is called then.
template <class T>
class TaskBody {
 public:
  using value_type = T;
  TaskBody(BodyHolder& holder, Task<T>&& task) noexcept { holder.hold(task); }
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
  explicit CallableBody(BodyHolder&, G&& fn, As&&... args) : fn_(std::forward<G>(fn)), args_(std::forward<As>(args)...) {}

  void make(BodyHolder& holder, Timeout& timeout) {
    auto task = std::apply([&](Args&... args) { return call(fn_, timeout, args...); }, args_);
    holder.reset<value_type>();  // of an earlier await
    holder.hold(task);
  }

 private:
  F fn_;
  std::tuple<Args...> args_;
};

// The part of a timeout that is the same for all bodies.
class TimeoutScope : public ScopeGroup {
 protected:
  TimeoutScope(Limit limit, bool masked, bool start_when_passed) noexcept
      : ScopeGroup(masked), start_when_passed_(start_when_passed), limit_(limit) {}
  TimeoutScope(TimeoutScope&& other) noexcept
      : ScopeGroup(other.masked()), start_when_passed_(other.start_when_passed_), limit_(other.limit_),
        holder_(std::move(other.holder_)) {}
  ~TimeoutScope() = default;

  // Parks the caller and starts the body, which `make` puts into the holder first. False if the caller goes on at once.
  template <class Make>
  EDDY_INLINE bool enter(Frame* frame, Make make) {
    Scheduler& scheduler = *frame->root->loop;
    if (!begin(frame)) return true;
    try {
      TimePoint deadline;
      const bool passed = limit_.limited() && limit_.passed(EventLoop::Internals::loop(scheduler), deadline);
      if (passed && !start_when_passed_) [[unlikely]] {
        holder_.pass_over();
        unpark();
        return false;
      }
      make();
      Frame* body = holder_.prepare();
      if (passed) [[unlikely]] {
        start_expired_body(body);
      } else {
        if (limit_.limited()) arm(scheduler, deadline);
        start_body(body);
      }
    } catch (...) {
      unpark();
      throw;
    }
    return true;
  }
  EDDY_NOINLINE bool enter(Frame* frame) {
    return enter(frame, [] {});
  }

 private:
  void child_done(Frame* child) noexcept final {
    const Ended how = child->ended;
    end_body(child);
    go_on(how);
  }

  bool start_when_passed_;  // a limit that has passed lets the body run to its first wait; else it is not started
  Limit limit_;

 protected:
  BodyHolder holder_;
};

template <class Body, OnExpiry Expires>
class [[nodiscard("nothing runs until this is awaited: co_await it")]] TimeoutAwaiter final : public TimeoutScope {
 public:
  using T = typename Body::value_type;
  using Result = std::conditional_t<Expires == OnExpiry::throw_error, T, Maybe<T>>;

  template <class... As>
  TimeoutAwaiter(Limit limit, bool masked, bool start_when_passed, As&&... body)
      : TimeoutScope(limit, masked, start_when_passed), body_(holder_, std::forward<As>(body)...) {}
  TimeoutAwaiter(TimeoutAwaiter&& other) = default;
  ~TimeoutAwaiter() { holder_.template reset<T>(); }

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  template <class P>
  EDDY_SUSPEND bool await_suspend(std::coroutine_handle<P> handle) {
    if constexpr (requires { body_.make(holder_, timeout()); }) {
      return enter(frame_of(handle), [this] { body_.make(holder_, timeout()); });
    } else {
      return enter(frame_of(handle));
    }
  }
  EDDY_INLINE Result await_resume() {
    if (holder_.has_ended(Ended::value)) [[likely]] {
      if constexpr (Expires == OnExpiry::throw_error) {
        return holder_.template take<T>();
      } else if constexpr (std::is_void_v<T>) {
        return true;
      } else if constexpr (std::is_reference_v<T>) {
        return &holder_.template take<T>();
      } else {
        return Result(std::in_place, holder_.template take<T>());
      }
    }
    if (holder_.has_ended(Ended::exception)) holder_.rethrow();
    if constexpr (Expires == OnExpiry::throw_error) {
      throw timed_out(parent);
    } else {
      return Result();
    }
  }

 private:
  [[no_unique_address]] Body body_;
};

template <OnExpiry Expires, class A>
auto make_timeout(Limit limit, A&& awaitable, bool masked = false, bool start_when_passed = true) {
  if constexpr (is_task<std::remove_cvref_t<A>>) {
    using Body = TaskBody<typename std::remove_cvref_t<A>::value_type>;
    return TimeoutAwaiter<Body, Expires>(limit, masked, start_when_passed, std::move(awaitable));
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
                "eddy: this can neither be awaited nor called with these arguments: after the limit comes a Task, another "
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
  if constexpr (check_timeout_body<std::decay_t<F>, std::decay_t<Args>...>() && check_owned<F, Args...>()) {
    check_callable<F>();
    using Body = CallableBody<std::decay_t<F>, std::decay_t<Args>...>;
    return TimeoutAwaiter<Body, Expires>(limit, false, true, std::forward<F>(fn), std::forward<Args>(args)...);
  }
}

// A limit and nothing that it is for, as in Python's `async with asyncio.timeout(1):`.
template <class Called>
auto refuse_limit_alone() {
  static_assert(!std::is_void_v<Called>,
                "eddy: a limit has to know what it limits: write co_await timeout(1s, work()), or give it a lambda that returns "
                "eddy::Task<>");
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
template <class Called = void>
auto timeout(TimeLimit) {
  return detail::refuse_limit_alone<Called>();
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

template <class Called = void>
auto timeout_at(std::optional<TimePoint>) {
  return detail::refuse_limit_alone<Called>();
}

/// As `timeout`, with asyncio's argument order and its rule for limits of zero or less: what is finished gives its result, a
/// Task is not even started, a task behind a handle is cancelled and waited for. Source: asyncio.wait_for.
template <class A>
auto wait_for(A&& awaitable, TimeLimit limit) {
  using Plain = std::remove_cvref_t<A>;
  static_assert(Awaitable<A>,
                "eddy: this cannot be awaited: wait_for takes an awaitable, then the limit: write co_await wait_for(work(), 1s)");
  if constexpr (!Awaitable<A>) {
    return;
  } else if constexpr (detail::is_handle<Plain> || detail::is_future<Plain>) {
    // A limit that has passed must still cancel what is behind the handle: so it expires in the next pass.
    if (limit.passed() && !awaitable.done()) limit = TimeLimit(Duration(1));
    return detail::make_timeout<detail::OnExpiry::throw_error>(limit, std::forward<A>(awaitable));
  } else {
    return detail::make_timeout<detail::OnExpiry::throw_error>(limit, std::forward<A>(awaitable), false, !detail::is_task<Plain>);
  }
}
template <class A>
auto wait_for(A&&) {
  static_assert(std::is_void_v<A>, "eddy: wait_for takes what is awaited, then the limit: write co_await wait_for(work(), 1s)");
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
template <class Called = void>
auto move_on_after(TimeLimit) {
  return detail::refuse_limit_alone<Called>();
}

}  // namespace eddy::inline EDDY_ABI
