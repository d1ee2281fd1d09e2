// Semaphore: at most so many at once.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/sync/sync_waiter.hpp>

#include <coroutine>
#include <cstddef>
#include <utility>

namespace eddy::inline EDDY_ABI {

class Semaphore;

/// Permits that give themselves back. Made by `Semaphore::scoped`; can be moved. It must not outlive its semaphore.
class [[nodiscard("the permit is given back at once: keep it in a variable")]] SemaphorePermit {
 public:
  SemaphorePermit() noexcept = default;
  SemaphorePermit(Semaphore* semaphore, std::size_t count) noexcept : semaphore_(semaphore), count_(count) {}
  SemaphorePermit(SemaphorePermit&& other) noexcept : semaphore_(std::exchange(other.semaphore_, nullptr)), count_(other.count_) {}
  SemaphorePermit& operator=(SemaphorePermit other) noexcept {
    std::swap(semaphore_, other.semaphore_);
    std::swap(count_, other.count_);
    return *this;
  }
  ~SemaphorePermit();
  /// Gives the permits back now; a second call does nothing.
  void release() noexcept;
  /// True while it holds permits.
  [[nodiscard]] explicit operator bool() const noexcept { return semaphore_ != nullptr; }

 private:
  Semaphore* semaphore_ = nullptr;
  std::size_t count_ = 0;
};

namespace detail {

class SemaphoreAwaiter : public WaiterOf<Semaphore> {
 public:
  SemaphoreAwaiter(Semaphore* semaphore, std::size_t count) noexcept : WaiterOf(semaphore), count_(count) {}
  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  [[nodiscard]] bool await_ready() const noexcept;
  template <class P>
  EDDY_SUSPEND void await_suspend(std::coroutine_handle<P> handle) {
    wait(frame_of(handle));
  }

 protected:
  ~SemaphoreAwaiter() = default;
  void wait(Frame* frame);
  void leave() noexcept override;
  [[nodiscard]] const char* waits_for() const noexcept override { return "a semaphore"; }
  std::size_t count_;
};

struct [[nodiscard("nothing is acquired until this is awaited: co_await it")]] AcquireAwaiter final : SemaphoreAwaiter {
  using SemaphoreAwaiter::SemaphoreAwaiter;
  void await_resume() const { check_alive(); }
};
struct [[nodiscard("nothing is acquired until this is awaited: co_await it"), gnu::warn_unused]] ScopedAwaiter final : SemaphoreAwaiter {
  using SemaphoreAwaiter::SemaphoreAwaiter;
  [[nodiscard("the permit is given back at once: keep it in a variable")]] SemaphorePermit await_resume() const {
    check_alive();
    return {source_, count_};
  }
};

}  // namespace detail

/// A counter of permits. Waiters are served in the order of arrival; nobody overtakes, also not with a smaller request.
/// A permit that was handed to a waiter is his, even if he is cancelled in the same turn.
/// Cancellation: a cancelled waiter leaves the queue; those behind it are served if they can be.
/// Errors: BrokenResourceError for waiters of a semaphore that is destroyed; RuntimeError where tasks of two loops wait
/// for it.
/// Threads: for one loop's thread. Complexity: constant, no allocation. It must outlive its waiters.
/// Source: asyncio.Semaphore.
class Semaphore {
 public:
  /// A semaphore with `permits` to give; zero is allowed.
  explicit Semaphore(std::size_t permits = 1) noexcept : value_(permits) {}
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;
  ~Semaphore() { detail::break_waiters(waiters_); }

  /// Completes once `count` permits are taken; pairs with `release`. Does not suspend if they are there and nobody
  /// waits.
  [[nodiscard("nothing is acquired until this is awaited: co_await it")]]
  detail::AcquireAwaiter acquire(std::size_t count = 1) noexcept {
    return {this, count};
  }
  /// Completes with a guard that gives the permits back: `auto permit = co_await semaphore.scoped();`.
  [[nodiscard("nothing is acquired until this is awaited: co_await it")]]
  detail::ScopedAwaiter scoped(std::size_t count = 1) noexcept {
    return {this, count};
  }
  /// Takes permits if that is possible without waiting.
  [[nodiscard]] bool try_acquire(std::size_t count = 1) noexcept {
    if (!available(count)) return false;
    value_ -= count;
    return true;
  }
  /// Gives permits back, or adds new ones, and wakes those who can go on now; none of them runs inside the call.
  void release(std::size_t count = 1) noexcept {
    detail::WaitNode* first = waiters_.front();
    if (first == nullptr) {
      value_ += count;
    } else if (wants(first) == count && wants(waiters_.after_in_circle(first)) > value_) [[likely]] {
      waiters_.wake_front();  // it takes what is given, and the next one, if there is one, waits for more than is left
    } else {
      value_ += count;
      serve();
    }
  }
  /// True if `acquire()` would have to wait.
  [[nodiscard]] bool locked() const noexcept { return !available(1); }
  /// Permits that are free.
  [[nodiscard]] std::size_t value() const noexcept { return value_; }

 private:
  friend class detail::SemaphoreAwaiter;
  [[nodiscard]] bool available(std::size_t count) const noexcept { return waiters_.empty() && value_ >= count; }
  static std::size_t wants(const detail::WaitNode* node) noexcept {
    return static_cast<const detail::SemaphoreAwaiter&>(*node).count();
  }
  // Wakes all that can go on with what there is.
  EDDY_NOINLINE void serve() noexcept {
    while (!waiters_.empty() && wants(waiters_.front()) <= value_) {
      value_ -= wants(waiters_.front());
      waiters_.wake_front();
    }
  }

  std::size_t value_;
  detail::WaitQueue waiters_;
};

inline SemaphorePermit::~SemaphorePermit() {
  if (semaphore_ != nullptr) semaphore_->release(count_);
}
inline void SemaphorePermit::release() noexcept {
  if (semaphore_ != nullptr) std::exchange(semaphore_, nullptr)->release(count_);
}

inline bool detail::SemaphoreAwaiter::await_ready() const noexcept { return source_->try_acquire(count_); }
inline void detail::SemaphoreAwaiter::wait(Frame* frame) { wait_in(source_->waiters_, frame); }
inline void detail::SemaphoreAwaiter::leave() noexcept {
  source_->waiters_.remove(this);
  source_->serve();
}

}  // namespace eddy::inline EDDY_ABI
