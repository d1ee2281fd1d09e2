// Pool<T>: members that are costly to make, such as connections, kept and lent out again.
//
// What it does beside its members' type is in pool_core.hpp; the options and the statistics are in pool_parts.hpp.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/awaitable.hpp>
#include <eddy/base/callback.hpp>
#include <eddy/base/error.hpp>
#include <eddy/io/pool_core.hpp>
#include <eddy/loop/context.hpp>
#include <eddy/loop/event_loop.hpp>
#include <eddy/task/task.hpp>

#include <concepts>
#include <exception>
#include <tuple>
#include <type_traits>
#include <utility>

namespace eddy::inline EDDY_ABI {

template <class T>
class Pool;

/// A member of a Pool that is the caller's own until the lease ends. Made by `Pool::acquire`; can be moved. It may outlive
/// its pool.
///
/// At the end of its scope the member goes back to the pool, also when an exception leaves the scope: whoever finds
/// that a member is broken says `discard()`. When the task is *stopped* (cancelled, or cut by a timeout around it) a
/// member that was used is discarded: nobody knows how far its last request came, and a half-used connection must never
/// go back. One that nobody has looked into yet goes back all the same.
template <class T>
class [[nodiscard("the member is given back at once: keep the lease in a variable")]] PoolLease {
 public:
  /// An empty lease.
  PoolLease() noexcept = default;
  explicit PoolLease(detail::PoolHolder holder) noexcept : holder_(std::move(holder)) {}

  /// True while it holds a member.
  [[nodiscard]] explicit operator bool() const noexcept { return !holder_.empty(); }
  /// The member; only while there is one. It stays where it is when the lease is moved.
  [[nodiscard]] T& operator*() noexcept;
  /// A part of the member; only while there is one.
  [[nodiscard]] T* operator->() noexcept { return &**this; }
  /// Gives the member back now; also while the task is being stopped, where a guard that knows the member to be clean
  /// may say so. A second call does nothing.
  void release() noexcept { end(false); }
  /// Throws the member away: it is closed, and its place in the pool becomes free. A second call does nothing.
  void discard() noexcept { end(true); }

 private:
  void end(bool discard) noexcept {
    if (!holder_.empty()) holder_.end(discard);
  }
  detail::PoolHolder holder_;
};

namespace detail {

template <class R, class A>
Task<R> task_giving(A awaitable) {
  if constexpr (std::is_void_v<R>) {
    co_await std::move(awaitable);
  } else {
    co_return static_cast<R>(co_await std::move(awaitable));
  }
}
template <class R, class A>
Task<R> to_task(A awaitable) {
  if constexpr (std::is_same_v<A, Task<R>>) {
    return awaitable;
  } else {
    return task_giving<R>(std::move(awaitable));
  }
}

template <class R, class F, class... Args>
concept CoroutineFunction = std::is_invocable_v<F&, Args...> && Awaitable<std::invoke_result_t<F&, Args...>> &&
                            (std::is_void_v<R> || std::is_constructible_v<R, AwaitResult<std::invoke_result_t<F&, Args...>>>);

template <class T>
class PoolOf final : public PoolCore {
 public:
  struct Member final : PoolMember {
    explicit Member(T&& made) : value(std::move(made)) {}
    T value;
  };
  static T& value_of(PoolMember* member) noexcept { return static_cast<Member*>(member)->value; }

  PoolOf(const PoolOptions& options, Callback<Task<T>()> factory) : PoolCore(options), factory_(std::move(factory)) {}

  void set_check(Callback<bool(T&)> at_once, Callback<Task<bool>(T&)> waits) noexcept {
    check_ = at_once ? Check::at_once : waits ? Check::waits : Check::none;
    check_at_once_ = std::move(at_once);
    check_waits_ = std::move(waits);
  }
  void set_closer(Callback<Task<>(T&)> closer) noexcept {
    closer_ = std::move(closer);
    has_closer_ = static_cast<bool>(closer_);
  }

 private:
  // What a check throws says that the member is no good, as a false does.
  bool passes(PoolMember& member) noexcept override {
    try {
      return check_at_once_(value_of(&member));
    } catch (...) {
      return false;
    }
  }
  Task<> check(PoolSupply supply) override {
    bool good = false;
    try {
      if (supply.begin()) {
        if (check_waits_) {
          Task<bool> checking = check_waits_(value_of(supply.member()));
          good = co_await std::move(checking);
        } else {
          good = !check_at_once_ || passes(*supply.member());
        }
      }
    } catch (...) {
      good = false;
    }
    if (good) {
      supply.deliver(supply.member());
    } else {
      supply.unhealthy();
    }
  }
  Task<> make(PoolSupply supply) override {
    std::exception_ptr error;
    try {
      if (!supply.begin()) co_return;
      Task<T> making = factory_();
      T made = co_await std::move(making);
      supply.deliver(new Member(std::move(made)));
      co_return;
    } catch (...) {
      error = std::current_exception();
    }
    supply.fail(std::move(error));
  }
  Task<> end(PoolClosing closing) override {
    try {
      Task<> task = closer_(value_of(closing.member()));
      co_await std::move(task);
    } catch (...) {
      report(&loop(), "the closer of a pool's member threw an exception", std::current_exception());
    }
  }

  Callback<Task<T>()> factory_;
  Callback<bool(T&)> check_at_once_;
  Callback<Task<bool>(T&)> check_waits_;
  Callback<Task<>(T&)> closer_;
};

template <class T>
class [[nodiscard("nothing is acquired until this is awaited: co_await it")]] PoolAwaiter final : public PoolWaiter {
 public:
  using PoolWaiter::PoolWaiter;
  [[nodiscard("the member is given back at once: keep the lease in a variable")]] PoolLease<T> await_resume() {
    return PoolLease<T>(take());
  }
};

}  // namespace detail

/// Lends out members that are made by a factory when they are needed, up to a number, and kept for the next one.
///
///     eddy::Pool<Connection> pool({.max_size = 5, .idle_timeout = 1min}, connect, "db.example.com", 5432);
///     auto connection = co_await pool.acquire();
///     co_await connection->query("select 1");
///
/// Waiters are served in the order in which they came; nobody overtakes. The factory and the health check run in tasks of
/// the pool: a waiter that is cancelled meanwhile leaves the line, and what was being made goes to the next one, or becomes
/// idle. Of the idle members the one that was used last is lent first, so that the others can expire.
///
/// A pool is for one loop at a time. When that ends, the idle members are closed with it. A pool that is destroyed
/// without `close()` stops what it is doing and closes its idle members; leases that are left keep theirs, to be closed at
/// their end. What the functions given to the pool refer to must live until `close()` has completed.
///
/// Threads: for one loop's thread. Complexity: constant where nobody waits and a member is idle, no allocation; a task for
/// each call of the factory and of a health check that waits. Source: asyncpg.Pool, sqlalchemy's QueuePool, bb8, deadpool.
template <class T>
class Pool {
  static_assert(std::is_object_v<T> && std::is_move_constructible_v<T>,
                "eddy: the members of a pool are objects that can be moved: for others use std::unique_ptr");

 public:
  using value_type = T;
  /// What `acquire` gives.
  using Lease = PoolLease<T>;

  /// A pool whose members are made by `co_await factory(args…)`. The factory and its arguments are moved or copied into the
  /// pool, and each call gets the same arguments. Nothing is made yet. Errors: std::invalid_argument for a maximum of zero.
  template <class F, class... Args>
  explicit Pool(PoolOptions options, F&& factory, Args&&... args)
      : core_(new detail::PoolOf<T>(options, bind(std::forward<F>(factory), std::forward<Args>(args)...))) {}
  /// The same with the default options.
  template <class F, class... Args>
    requires(!std::is_same_v<std::remove_cvref_t<F>, PoolOptions> && !std::is_same_v<std::remove_cvref_t<F>, Pool>)
  explicit Pool(F&& factory, Args&&... args)
      : Pool(PoolOptions{}, std::forward<F>(factory), std::forward<Args>(args)...) {}
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool() { core_->orphan(); }

  /// Completes with a lease of a member: one that is idle and passes the health check, or a new one if there is room,
  /// or the next one that is given back. To limit the time, write `timeout(5s, pool.acquire())`. Does not suspend if a
  /// member is idle, nobody waits, and the health check, if there is one, does not wait.
  /// Cancellation: leaves the line; a member that was handed over is given back, unless the task uses it.
  /// Errors: what the factory threw, each time to the one who has waited longest, and the next waiter gets an attempt of
  /// its own (when nobody waits any more, it goes to the exception handler); PoolClosed; BrokenResourceError for waiters
  /// of a pool that is destroyed; RuntimeError while another loop uses the pool.
  [[nodiscard("nothing is acquired until this is awaited: co_await it")]] detail::PoolAwaiter<T> acquire() noexcept {
    return detail::PoolAwaiter<T>(core_.get());
  }
  /// Lends an idle member without waiting; an empty lease if that is not possible. Nothing is made. Errors: PoolClosed,
  /// RuntimeError.
  Lease try_acquire() { return Lease(core_->try_acquire()); }

  /// Sets what a member is asked before it is lent again: a function of `T&` that gives a bool, or something to await
  /// that gives one. A member for which it gives false or throws is discarded, and the next one tried. It may as well clean
  /// the member up, as a `rollback` does. One that waits should have a timeout of its own. Not asked of new members.
  /// A plain function must not use the pool.
  template <class F>
  void set_health_check(F&& check) {
    using Fn = std::decay_t<F>;
    constexpr bool kWaits = detail::CoroutineFunction<bool, Fn, T&>;
    constexpr bool kAtOnce = std::is_invocable_r_v<bool, Fn&, T&>;
    static_assert(kWaits || kAtOnce, "eddy: a pool's health check takes a T& and gives a bool, or a Task<bool>");
    if constexpr (kWaits) {
      core_->set_check(nullptr, [fn = Fn(std::forward<F>(check))](T& member) mutable { return detail::to_task<bool>(fn(member)); });
    } else if constexpr (kAtOnce) {
      core_->set_check(Fn(std::forward<F>(check)), nullptr);
    }
  }
  /// Sets the coroutine function that closes a member politely, of `T&` or, moved, of `T`, before it is destroyed. It runs
  /// on the loop; nobody waits for it but `close()` and the end of `run`, and no cancel reaches it. The member counts
  /// until it has ended, so give it a timeout. What it throws goes to the exception handler. It is left out if the loop has ended.
  template <class F>
  void set_closer(F&& closer) {
    using Fn = std::decay_t<F>;
    constexpr bool kTakesValue = detail::CoroutineFunction<void, Fn, T>;
    constexpr bool kTakesReference = detail::CoroutineFunction<void, Fn, T&>;
    static_assert(kTakesValue || kTakesReference, "eddy: a pool's closer is a coroutine function of a T& or a T");
    if constexpr (kTakesValue) {
      core_->set_closer([fn = Fn(std::forward<F>(closer))](T& member) mutable { return detail::to_task<void>(fn(std::move(member))); });
    } else if constexpr (kTakesReference) {
      core_->set_closer([fn = Fn(std::forward<F>(closer))](T& member) mutable { return detail::to_task<void>(fn(member)); });
    }
  }

  /// Completes once every lease has ended and every member is closed. From the moment it is awaited nothing is lent any
  /// more, those who wait get PoolClosed, factories and checks that run are cancelled. Again, it waits for the same.
  /// Whoever holds a lease of the pool waits for himself. Cancellation: stops waiting; the pool stays closed.
  /// Source: asyncpg.Pool.close.
  [[nodiscard("nothing is closed until this is awaited: co_await it")]] detail::PoolCloseAwaiter close() noexcept {
    return detail::PoolCloseAwaiter(core_.get());
  }
  /// True once `close()` was awaited.
  [[nodiscard]] bool is_closed() const noexcept { return core_->is_shut(); }
  /// What it holds and has done.
  [[nodiscard]] PoolStatistics statistics() const noexcept { return core_->statistics(); }

 private:
  template <class F, class... Args>
  static Callback<Task<T>()> bind(F&& factory, Args&&... args) {
    constexpr bool kMakes = detail::CoroutineFunction<T, std::decay_t<F>, std::decay_t<Args>&...>;
    static_assert(kMakes, "eddy: a pool's factory is a coroutine function that gives a member; it is called with the arguments "
                          "that follow it, which the pool keeps");
    if constexpr (kMakes) {
      return [fn = std::decay_t<F>(std::forward<F>(factory)),
              kept = std::tuple<std::decay_t<Args>...>(std::forward<Args>(args)...)]() mutable {
        return std::apply([&fn](auto&... each) { return detail::to_task<T>(fn(each...)); }, kept);
      };
    } else {
      return nullptr;
    }
  }

  detail::LocalPointer<detail::PoolOf<T>> core_;
};

template <class F, class... Args>
Pool(PoolOptions, F, Args...) -> Pool<std::remove_cvref_t<AwaitResult<std::invoke_result_t<F&, Args&...>>>>;
template <class F, class... Args>
  requires(!std::is_same_v<F, PoolOptions>)
Pool(F, Args...) -> Pool<std::remove_cvref_t<AwaitResult<std::invoke_result_t<F&, Args&...>>>>;

template <class T>
T& PoolLease<T>::operator*() noexcept {
  return detail::PoolOf<T>::value_of(holder_.use());
}

}  // namespace eddy::inline EDDY_ABI
