// Barrier: a meeting point for a fixed number of tasks, again and again.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/sync/sync_waiter.hpp>

#include <coroutine>
#include <cstddef>
#include <stdexcept>

namespace eddy::inline EDDY_ABI {

class Barrier;

/// A barrier was reset or aborted while a task waited at it, or it is broken. Source: asyncio.BrokenBarrierError.
class BrokenBarrierError : public RuntimeError {
 public:
  BrokenBarrierError() : RuntimeError("eddy: the barrier was aborted or reset") {}
};

namespace detail {

class [[nodiscard("nothing waits until this is awaited: co_await it")]] BarrierAwaiter final : public SyncWaiter {
 public:
  explicit BarrierAwaiter(Barrier* barrier) noexcept : barrier_(barrier) {}
  [[nodiscard]] bool await_ready();
  template <class P>
  EDDY_SUSPEND void await_suspend(std::coroutine_handle<P> handle) {
    wait(frame_of(handle));
  }
  [[nodiscard]] std::size_t await_resume() const {
    check_alive();
    if (broken_) throw BrokenBarrierError();
    return index_;
  }

 private:
  friend class eddy::Barrier;
  void wait(Frame* frame);
  CancelResult try_cancel(bool) noexcept override;
  [[nodiscard]] const char* waits_for() const noexcept override { return "a barrier"; }
  Barrier* barrier_;
  std::size_t index_ = 0;
  bool broken_ = false;
};

}  // namespace detail

/// A meeting point for `parties` tasks: the last one to come lets all of them go on. Then it is empty again, for the next
/// generation; a task that comes while the last generation has not yet run belongs to the next.
///
/// Cancellation: a cancelled waiter leaves, and one more has to come in its place; the barrier does not break. One that
/// was let go before the cancel came has its index.
/// Errors: BrokenBarrierError for those who wait when it is aborted or reset, and for whoever comes while it is broken;
/// BrokenResourceError for waiters of a barrier that is destroyed; RuntimeError where tasks of two loops wait at it.
/// Threads: for one loop's thread. Complexity: linear for the last to come, for `abort` and for `reset`, all else
/// constant; no allocation. It must outlive its waiters. Source: asyncio.Barrier.
class Barrier {
 public:
  /// A barrier for `parties` tasks; one alone never waits. Errors: std::invalid_argument for less than one.
  explicit Barrier(std::ptrdiff_t parties) : parties_(static_cast<std::size_t>(parties)) {
    if (parties < 1) throw std::invalid_argument("eddy: a Barrier needs at least one party");
  }
  Barrier(const Barrier&) = delete;
  Barrier& operator=(const Barrier&) = delete;
  ~Barrier() { detail::break_waiters(waiters_); }

  /// Completes once all parties have come, with a number from 0 to parties - 1 that no other task of this generation
  /// gets: in the order of arrival, so the last one, who does not suspend, has the highest.
  [[nodiscard("nothing waits until this is awaited: co_await it")]] detail::BarrierAwaiter wait() noexcept {
    return detail::BarrierAwaiter(this);
  }
  /// Breaks the barrier: those who wait, and all who come before a `reset`, get BrokenBarrierError.
  void abort() noexcept {
    broken_ = true;
    send_away();
  }
  /// Makes the barrier empty and whole again. Those who wait get BrokenBarrierError.
  void reset() noexcept {
    broken_ = false;
    send_away();
  }
  /// How many tasks have to come.
  [[nodiscard]] std::size_t parties() const noexcept { return parties_; }
  /// How many tasks wait now.
  [[nodiscard]] std::size_t n_waiting() const noexcept { return n_waiting_; }
  /// True after `abort`, until `reset`.
  [[nodiscard]] bool broken() const noexcept { return broken_; }

 private:
  friend class detail::BarrierAwaiter;
  detail::BarrierAwaiter* let_go() noexcept {
    auto* waiter = static_cast<detail::BarrierAwaiter*>(waiters_.front());
    if (waiter != nullptr) waiters_.wake(waiter);
    return waiter;
  }
  void send_away() noexcept {
    while (detail::BarrierAwaiter* waiter = let_go()) waiter->broken_ = true;
    n_waiting_ = 0;
  }
  // One more has come. True if all are there now.
  bool arrive() {
    if (broken_) throw BrokenBarrierError();
    if (n_waiting_ + 1 < parties_) return false;
    std::size_t index = 0;
    while (detail::BarrierAwaiter* waiter = let_go()) waiter->index_ = index++;
    n_waiting_ = 0;
    return true;
  }

  std::size_t parties_;
  std::size_t n_waiting_ = 0;
  bool broken_ = false;
  detail::WaitQueue waiters_;
};

inline bool detail::BarrierAwaiter::await_ready() {
  if (!barrier_->arrive()) return false;
  index_ = barrier_->parties_ - 1;
  return true;
}
inline void detail::BarrierAwaiter::wait(Frame* frame) {
  if (wait_in(barrier_->waiters_, frame)) ++barrier_->n_waiting_;
}
inline CancelResult detail::BarrierAwaiter::try_cancel(bool) noexcept {
  barrier_->waiters_.remove(this);
  --barrier_->n_waiting_;
  return CancelResult::stopped;
}

}  // namespace eddy::inline EDDY_ABI
