// Lock: one at a time.
//
// It passes from hand to hand: `release` gives it to the one who has waited longest, and it is never free in between,
// so nobody can overtake. Condition is built on it.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/sync/sync_waiter.hpp>
#include <eddy/task/cancellation.hpp>
#include <eddy/task/current_task.hpp>

#include <coroutine>
#include <new>
#include <string>
#include <utility>

namespace eddy::inline EDDY_ABI {

class Condition;
class Lock;
namespace detail {
class ConditionAwaiter;
}

/// A lock was released, or a condition used, by somebody who does not hold the lock. Without debug mode only a lock that nobody
/// holds is noticed; with it, also one that another task acquired, which is named. A guard of `scoped()` cannot do this.
/// Source: asyncio's RuntimeError.
class LockNotHeldError : public RuntimeError {
 public:
  using RuntimeError::RuntimeError;
};

/// A lock that releases itself. Made by `Lock::scoped`; can be moved, also to another task. It must not outlive its
/// lock.
class [[nodiscard("the lock is released at once: keep the guard in a variable")]] LockGuard {
 public:
  LockGuard() noexcept = default;
  explicit LockGuard(Lock* lock) noexcept : lock_(lock) {}
  LockGuard(LockGuard&& other) noexcept : lock_(std::exchange(other.lock_, nullptr)) {}
  LockGuard& operator=(LockGuard other) noexcept {
    std::swap(lock_, other.lock_);
    return *this;
  }
  ~LockGuard() { release(); }
  /// Releases the lock now; a second call does nothing.
  void release() noexcept;
  /// True while it holds a lock.
  [[nodiscard]] explicit operator bool() const noexcept { return lock_ != nullptr; }

 private:
  Lock* lock_ = nullptr;
};

namespace detail {

class LockAwaiter : public WaiterOf<Lock> {
 public:
  explicit LockAwaiter(Lock* lock) noexcept : WaiterOf(lock) {}
  [[nodiscard]] bool await_ready() const noexcept;
  template <class P>
  EDDY_SUSPEND void await_suspend(std::coroutine_handle<P> handle) {
    wait(frame_of(handle));
  }

 protected:
  ~LockAwaiter() = default;
  void wait(Frame* frame);
  void leave() noexcept override;
  [[nodiscard]] const char* waits_for() const noexcept override { return "a lock"; }
  [[nodiscard]] const TaskDetails* holder() const noexcept final;
};

struct [[nodiscard("nothing is acquired until this is awaited: co_await it")]] AcquireLockAwaiter final : LockAwaiter {
  using LockAwaiter::LockAwaiter;
  void await_resume() const { check_alive(); }
};
struct [[nodiscard("nothing is acquired until this is awaited: co_await it"), gnu::warn_unused]] ScopedLockAwaiter final : LockAwaiter {
  using LockAwaiter::LockAwaiter;
  [[nodiscard("the lock is released at once: keep the guard in a variable")]] LockGuard await_resume() const {
    check_alive();
    return LockGuard(source_);
  }
};

}  // namespace detail

/// A lock that one task at a time holds, across its `co_await`s. Waiters get it in the order of arrival; nobody
/// overtakes, also not the task that has just released it. It is not recursive: whoever acquires it twice waits for
/// himself.
///
/// Cancellation: a cancelled waiter leaves the queue. One that was handed the lock before the cancel came has it: it
/// goes on, and is stopped where it blocks next, so use `scoped()`. A task that ends without a `release` leaves it
/// locked.
/// Errors: BrokenResourceError for waiters of a lock that is destroyed; RuntimeError where tasks of two loops wait for
/// it.
/// Threads: for one loop's thread. Complexity: constant, no allocation. It must outlive its waiters.
/// Source: asyncio.Lock.
class Lock {
 public:
  Lock() noexcept = default;
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
  ~Lock() { detail::break_waiters(waiters_); }

  /// Completes once the lock is held; pairs with `release`. Does not suspend if it is free.
  [[nodiscard("nothing is acquired until this is awaited: co_await it")]]
  detail::AcquireLockAwaiter acquire() noexcept {
    return detail::AcquireLockAwaiter(this);
  }
  /// Completes with a guard that releases it: `auto guard = co_await lock.scoped();`.
  [[nodiscard("nothing is acquired until this is awaited: co_await it")]] detail::ScopedLockAwaiter scoped() noexcept {
    return detail::ScopedLockAwaiter(this);
  }
  /// Takes the lock if that is possible without waiting.
  [[nodiscard]] bool try_acquire() noexcept {
    if (locked_) return false;
    locked_ = true;
    EventLoop* const loop = detail::running_loop_slot();
    if (loop != nullptr && loop->get_debug()) [[unlikely]] set_owner(EventLoop::Internals::scheduler(*loop).current);
    return true;
  }
  /// Gives the lock to the first waiter, which does not run inside the call, or frees it. Errors: LockNotHeldError if
  /// it is not locked and, in debug mode, if another task acquired it; then nothing changes.
  void release() {
    check_held("release");
    hand_over();
  }
  /// True while somebody holds it.
  [[nodiscard]] bool locked() const noexcept { return locked_; }
  /// Refused: std::lock_guard and its like would stop the whole thread.
  template <class Called = void>
  auto lock() {
    static_assert(detail::always_false<Called>, "eddy: an eddy::Lock is awaited: write auto guard = co_await lock.scoped();");
  }

 private:
  friend class LockGuard;
  friend class Condition;
  friend class detail::LockAwaiter;
  friend class detail::ConditionAwaiter;

  // Whom a lock belongs to is known in debug mode only; else, and in a callback, it is empty: anybody. It is a reference, so
  // that a task that ends without a release is not taken for the one that gets its memory.
  EDDY_COLD void set_owner(detail::Frame* root) noexcept {
    try {
      detail::Frame* const task = detail::task_of(root);
      owner_ = task == nullptr ? TaskRef() : detail::RefAccess::make(task);
    } catch (const std::bad_alloc&) {
      owner_ = {};
    }
  }
  void check_held(const char* what) const {
    if (!locked_) throw_not_held(what, "nobody holds this lock");
    EventLoop* const loop = detail::running_loop_slot();
    if (!owner_ || loop == nullptr || !loop->get_debug()) return;
    const detail::Frame* const caller = detail::running_task(*loop);
    if (caller != nullptr && caller != detail::RefAccess::frame(owner_)) throw_not_held(what, owner_name() + " holds this lock");
  }
  [[nodiscard]] EDDY_COLD std::string owner_name() const {
    if (!owner_.done()) return "task " + owner_.name();
    const std::string& name = detail::RefAccess::details(owner_)->name;
    return name.empty() ? "a task that has ended" : "task " + name + ", which has ended,";
  }
  [[noreturn]] EDDY_COLD static void throw_not_held(const char* what, const std::string& why) {
    detail::throw_misuse<LockNotHeldError>(std::string(what) + ": " + why);
  }
  void take(detail::Frame* root) noexcept {
    locked_ = true;
    owner_ = {};
    if (EventLoop::Internals::loop(*root->loop).get_debug()) [[unlikely]] set_owner(root);
  }
  void hand_over() noexcept {
    if (detail::WaitNode* node = waiters_.front()) {
      take(static_cast<detail::Frame*>(node->target));
      waiters_.wake_front();
    } else {
      locked_ = false;
      owner_ = {};
    }
  }

  detail::WaitQueue waiters_;  // not empty only while it is locked
  TaskRef owner_;
  bool locked_ = false;
};

inline void LockGuard::release() noexcept {
  if (lock_ != nullptr) std::exchange(lock_, nullptr)->hand_over();
}

inline bool detail::LockAwaiter::await_ready() const noexcept { return source_->try_acquire(); }
inline void detail::LockAwaiter::wait(Frame* frame) { wait_in(source_->waiters_, frame); }
inline void detail::LockAwaiter::leave() noexcept { source_->waiters_.remove(this); }
inline const detail::TaskDetails* detail::LockAwaiter::holder() const noexcept {
  return source_ == nullptr ? nullptr : RefAccess::details(source_->owner_);
}

}  // namespace eddy::inline EDDY_ABI
