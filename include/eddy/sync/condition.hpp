// Condition: to wait, under a lock, until somebody says that something has changed.
//
// A waiter stands first in the condition's queue and then, from the notify or the cancel on, in the lock's. It leaves
// that one only with the lock: it then goes on if it was notified, and is unwound if it was cancelled before.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/callable.hpp>
#include <eddy/sync/lock.hpp>
#include <eddy/task/task.hpp>

#include <concepts>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace eddy::inline EDDY_ABI {

namespace detail {

class [[nodiscard("nothing waits until this is awaited: co_await it")]] ConditionAwaiter final : public SyncWaiter {
 public:
  explicit ConditionAwaiter(Condition* condition) noexcept : condition_(condition) {}
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  template <class P>
  EDDY_SUSPEND void await_suspend(std::coroutine_handle<P> handle) {
    wait(frame_of(handle));
  }
  void await_resume() const noexcept {}

 private:
  friend class eddy::Condition;
  enum class Phase : std::uint8_t { notify, lock, orphan };

  void wait(Frame* frame);
  void wait_for_lock(Lock& lock) noexcept;
  CancelResult try_cancel(bool) noexcept override;
  // Without the lock it can neither go on nor be unwound.
  bool abandon() noexcept override {
    phase_ = Phase::orphan;
    return false;
  }
  [[nodiscard]] const char* waits_for() const noexcept override {
    constexpr const char* kNames[] = {"a condition", "a condition's lock", "a condition that was destroyed"};
    return kNames[static_cast<std::size_t>(phase_)];
  }

  Condition* condition_;
  Phase phase_ = Phase::notify;
};

template <class P>
concept Predicate = std::is_invocable_v<std::decay_t<P>&> && requires(std::decay_t<P>& predicate) {
  { static_cast<bool>(predicate()) };
};

}  // namespace detail

/// A queue of tasks that wait under a lock for a notification. `wait` releases the lock and holds it again when it
/// returns.
///
///     auto guard = co_await ready.scoped();
///     co_await ready.wait_for([&] { return !items.empty(); });
///
/// A notified task stands in the lock's queue like any other: it goes on once the notifier, and whoever was there
/// before it, has released the lock.
///
/// Cancellation: a cancelled `wait` also waits for the lock, and only then unwinds: a guard around it always finds the
/// lock held. Nothing can cut that short. A task that was notified before the cancel came goes on and is stopped where
/// it blocks next; one that was cancelled before takes no notification from the others.
/// Errors: LockNotHeldError, as for Lock, from everything but `acquire` and `scoped`; RuntimeError where tasks of two
/// loops wait for it. It must outlive its waiters: those of a destroyed condition stay suspended, and `run` names them
/// at its end; in debug mode the destructor stops the program.
/// Threads: for one loop's thread. Complexity: constant for each task notified, no allocation to wait.
/// Source: asyncio.Condition; notified tasks are queued as in trio.Condition.
class Condition {
 public:
  /// A condition with a lock of its own.
  Condition() noexcept : lock_(&own_) {}
  /// A condition under a lock that may serve other conditions, too, and must outlive them.
  explicit Condition(Lock& lock) noexcept : lock_(&lock) {}
  Condition(const Condition&) = delete;
  Condition& operator=(const Condition&) = delete;
  ~Condition() { detail::break_waiters(waiters_); }

  /// As Lock::acquire.
  [[nodiscard("nothing is acquired until this is awaited: co_await it")]]
  detail::AcquireLockAwaiter acquire() noexcept {
    return lock_->acquire();
  }
  /// As Lock::scoped: `auto guard = co_await condition.scoped();`.
  [[nodiscard("nothing is acquired until this is awaited: co_await it")]] detail::ScopedLockAwaiter scoped() noexcept {
    return lock_->scoped();
  }
  /// As Lock::release.
  void release() { lock_->release(); }
  /// True while somebody holds the lock.
  [[nodiscard]] bool locked() const noexcept { return lock_->locked(); }

  /// Releases the lock, completes once notified, and holds the lock again. It is never woken without a notification,
  /// but others may have run since: check again what was waited for, or use `wait_for`.
  [[nodiscard("nothing waits until this is awaited: co_await it")]] detail::ConditionAwaiter wait() noexcept {
    return detail::ConditionAwaiter(this);
  }
  template <class P>
  auto wait(P&&) {
    static_assert(detail::always_false<P>, "eddy: a predicate is waited for by co_await condition.wait_for(predicate)");
  }
  /// Waits until `predicate()`, asked under the lock after each notification, is true; completes with what it gave.
  /// Does not suspend if it is true at once. What it throws is thrown. For a limit in time, there is the other
  /// `eddy::wait_for`: `wait_for(condition.wait(), 1s)`. Complexity: one task frame, however often it waits.
  template <class P>
  auto wait_for(P&& predicate) {
    static_assert(detail::Predicate<P>,
                  "eddy: the predicate of Condition::wait_for takes no arguments and gives what tests as a bool");
    detail::check_callable<P>();
    if constexpr (detail::Predicate<P>) return wait_until_true<std::decay_t<P>>(std::forward<P>(predicate));
  }
  /// Wakes the `count` tasks that have waited longest, or as many as there are; none of them runs inside the call.
  void notify(std::size_t count = 1) {
    lock_->check_held("notify");
    for (; count > 0 && !waiters_.empty(); --count) {
      auto* waiter = static_cast<detail::ConditionAwaiter*>(waiters_.front());
      waiters_.remove(waiter);
      waiter->wait_for_lock(*lock_);
    }
  }
  /// Wakes all tasks that wait.
  void notify_all() { notify(static_cast<std::size_t>(-1)); }

 private:
  friend class detail::ConditionAwaiter;
  template <class P>
  Task<std::decay_t<std::invoke_result_t<P&>>> wait_until_true(P predicate) {
    for (;;) {
      auto value = predicate();
      if (static_cast<bool>(value)) co_return value;
      co_await wait();
    }
  }

  Lock own_;
  Lock* lock_;
  detail::WaitQueue waiters_;
};

inline void detail::ConditionAwaiter::wait(Frame* frame) {
  Lock& lock = *condition_->lock_;
  lock.check_held("wait");
  if (wait_in(condition_->waiters_, frame)) lock.hand_over();
}

inline void detail::ConditionAwaiter::wait_for_lock(Lock& lock) noexcept {
  phase_ = Phase::lock;
  lock.waiters_.add(this, target, static_cast<Frame*>(target)->loop);
}

inline CancelResult detail::ConditionAwaiter::try_cancel(bool) noexcept {
  if (phase_ != Phase::notify) return CancelResult::later;
  Lock& lock = *condition_->lock_;
  Frame* root = static_cast<Frame*>(target);
  condition_->waiters_.remove(this);
  if (!lock.locked()) {
    lock.take(root);
    return CancelResult::stopped;
  }
  wait_for_lock(lock);
  root->state = State::leaving;
  return CancelResult::later;
}

}  // namespace eddy::inline EDDY_ABI
