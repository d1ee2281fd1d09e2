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

/// Thrown to those who wait at a barrier that is reset or aborted, and to whoever comes to an aborted one: the others will not
/// come. Give up the common work, or `reset` the barrier and begin again. Source: asyncio.BrokenBarrierError.
class BrokenBarrierError : public RuntimeError {
 public:
  BrokenBarrierError() : RuntimeError("eddy: the barrier was aborted or reset") {}
};

namespace detail {

class [[nodiscard("nothing waits until this is awaited: co_await it")]] BarrierAwaiter final : public WaiterOf<Barrier> {
 public:
  explicit BarrierAwaiter(Barrier* barrier) noexcept : WaiterOf(barrier) { loop = nullptr; }
  [[nodiscard]] bool await_ready();
  template <class P>
  EDDY_SUSPEND void await_suspend(std::coroutine_handle<P> handle) {
    wait(frame_of(handle));
  }
  [[nodiscard]] std::size_t await_resume();

 private:
  friend class eddy::Barrier;
  void wait(Frame* frame);
  void leave() noexcept override;
  [[nodiscard]] const char* waits_for() const noexcept override { return "a barrier"; }
  std::size_t index_ = 0;
  bool broken_ = false;
};

}  // namespace detail

/// A meeting point for `parties` tasks: the last one to come lets all of them go on. Then it is empty again, for the
/// next generation. Who comes before all of the last generation have gone on is not counted until they have.
///
/// Cancellation: a cancelled waiter leaves, and one more has to come in its place; the barrier does not break. One that
/// was let go before the cancel came has its index.
/// Errors: BrokenBarrierError for those who wait when it is aborted or reset, and for whoever comes while it is broken;
/// BrokenResourceError for waiters of a barrier that is destroyed; RuntimeError where tasks of two loops wait at it.
/// Threads: for one loop's thread. Complexity: linear for the last to come, for `abort` and for `reset`, all else
/// constant; no allocation. It must outlive its waiters, but not those it has let go. Source: asyncio.Barrier.
class Barrier {
 public:
  /// A barrier for `parties` tasks; one alone never waits. Errors: std::invalid_argument for less than one.
  explicit Barrier(std::ptrdiff_t parties) : parties_(static_cast<std::size_t>(parties)) {
    if (parties < 1) throw std::invalid_argument("eddy: a Barrier needs at least one party");
  }
  Barrier(const Barrier&) = delete;
  Barrier& operator=(const Barrier&) = delete;
  ~Barrier() {
    detail::break_waiters(waiters_);
    while (detail::WaitNode* node = leaving_.front()) leaving_.remove(node);
  }

  /// Completes once all parties have come, with a number from 0 to parties - 1 that no other task of this generation
  /// gets: in the order of arrival, so the last one has the highest. The last one does not suspend and goes on first.
  [[nodiscard("nothing waits until this is awaited: co_await it")]]
  detail::BarrierAwaiter wait() noexcept { return detail::BarrierAwaiter(this); }
  /// Breaks the barrier: those who wait, and all who come before a `reset`, get BrokenBarrierError.
  void abort() noexcept {
    broken_ = true;
    send_away();
  }
  /// Makes the barrier empty and whole again. Those who wait get BrokenBarrierError, except who is not yet counted.
  void reset() noexcept {
    broken_ = false;
    if (leaving_.empty()) send_away();
  }
  /// How many tasks have to come.
  [[nodiscard]] std::size_t parties() const noexcept { return parties_; }
  /// How many tasks wait now, and are counted.
  [[nodiscard]] std::size_t n_waiting() const noexcept { return leaving_.empty() ? queued_ : 0; }
  /// True after `abort`, until `reset`.
  [[nodiscard]] bool broken() const noexcept { return broken_; }

 private:
  friend class detail::BarrierAwaiter;
  void let_go(detail::WaitNode* node, std::size_t index) noexcept {
    auto* waiter = static_cast<detail::BarrierAwaiter*>(node);
    detail::Scheduler* loop = waiter->loop;
    waiter->index_ = index;
    waiters_.wake(waiter);
    --queued_;
    leaving_.add(waiter, waiter->target, loop);
  }
  void send_away() noexcept {
    while (detail::WaitNode* node = waiters_.front()) {
      static_cast<detail::BarrierAwaiter*>(node)->broken_ = true;
      let_go(node, 0);
    }
  }
  // One more has come. True if all are there now.
  bool arrive() {
    if (broken_) throw BrokenBarrierError();
    if (n_waiting() + 1 < parties_ || !leaving_.empty()) return false;
    for (std::size_t index = 0; index + 1 < parties_; ++index) let_go(waiters_.front(), index);
    return true;
  }
  // One that was let go goes on. Behind the last of them those who came meanwhile are counted.
  void leave(detail::BarrierAwaiter* waiter) noexcept {
    leaving_.remove(waiter);
    if (n_waiting() < parties_) return;
    detail::WaitNode* last = waiters_.front();
    for (std::size_t index = 0; index + 1 < parties_; ++index) last = waiters_.after(last);
    let_go(last, parties_ - 1);
    for (std::size_t index = 0; index + 1 < parties_; ++index) let_go(waiters_.front(), index);
  }

  std::size_t parties_;
  std::size_t queued_ = 0;  // tasks in `waiters_`
  bool broken_ = false;
  detail::WaitQueue waiters_;  // all are counted, or none while there is somebody in `leaving_`
  detail::WaitQueue leaving_;  // woken, and not yet resumed
};

inline bool detail::BarrierAwaiter::await_ready() {
  if (!source_->arrive()) return false;
  index_ = source_->parties_ - 1;
  return true;
}
inline std::size_t detail::BarrierAwaiter::await_resume() {
  if (loop != nullptr) source_->leave(this);  // it was let go
  check_alive();
  if (broken_) throw BrokenBarrierError();
  return index_;
}
inline void detail::BarrierAwaiter::wait(Frame* frame) {
  if (wait_in(source_->waiters_, frame)) ++source_->queued_;
}
inline void detail::BarrierAwaiter::leave() noexcept {
  source_->waiters_.remove(this);
  --source_->queued_;
}

}  // namespace eddy::inline EDDY_ABI
