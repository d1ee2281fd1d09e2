// LoopCore: the pass of a loop, without the functions that programs call.
//
// A pass takes what other threads posted, asks the reactor (waiting for the next deadline if nothing is ready), queues the
// timers that are due, and runs what is ready now; whatever becomes ready meanwhile runs in the next pass. That is
// asyncio's order.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/time.hpp>
#include <eddy/loop/descriptor_table.hpp>
#include <eddy/loop/fork_guard.hpp>
#include <eddy/loop/loop_statistics.hpp>
#include <eddy/loop/reactor_epoll.hpp>
#include <eddy/loop/reactor_poll.hpp>
#include <eddy/loop/scheduler.hpp>
#include <eddy/loop/timer_queue.hpp>
#include <eddy/loop/waker.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

namespace eddy::inline EDDY_ABI {

/// Which of the kernel's calls a loop waits in.
enum class ReactorKind : unsigned char {
  automatic,  ///< what the environment variable EDDY_REACTOR names, "epoll" or "poll"; epoll if it is not set or empty
  epoll,      ///< epoll(7)
  poll,       ///< poll(2)
};

namespace detail {

// How many strands may run without a look at the descriptors while something is always ready.
inline constexpr std::uint32_t kPollEvery = 128;
// How long a virtual clock waits for descriptors that somebody waits for before it jumps.
inline constexpr Duration kDescriptorPatience = std::chrono::milliseconds(2);

// How many batches a loop runs while it is closed.
inline constexpr int kBatchesAtClose = 1000;

// What may have come up in a pass; flags.
enum ReasonToEnd : std::uint8_t {
  kStopAsked = 1,   // by EventLoop::stop: the pass is the last one
  kDeadlocked = 2,  // nothing can ever wake this loop again
  kOrphans = 4,     // no reason to end: there are orphans to be woken before the next pass
};

class LoopCore : public Scheduler {
 public:
  LoopCore(const LoopCore&) = delete;
  LoopCore& operator=(const LoopCore&) = delete;

 protected:
  template <class = void>
  LoopCore(Clock* clock, ReactorKind reactor)
      : clock_(clock), waker_(), table_(*this, make_reactor<>(reactor), waker_->descriptor()) {
    count_forks();
  }
  ~LoopCore() = default;

  [[nodiscard]] TimePoint now() const noexcept {
    return clock_ == nullptr ? TimePoint(std::chrono::steady_clock::now()) : clock_->now();
  }
  // One pass; sleeps at most until `limit`, a point of real time, and not at all if the loop is to stop after it. Errors:
  // RuntimeError in a forked child.
  void pass(TimePoint limit);
  [[nodiscard]] LoopStatistics collect_statistics() const noexcept {
    LoopStatistics collected = statistics_;
    collected.timers = timers_.size();
    collected.descriptors = table_.waiting();
    return collected;
  }
  static void run_posts(PostNode* post) {
    while (post != nullptr) {
      PostNode* next_post = post->next;
      post->run(post);
      post = next_post;
    }
  }
  void serve_news() {
    if (waker_->take_signal()) on_signal();
    run_posts(waker_->take_posts());
  }
  void wait(TimePoint limit);
  // True if nothing in this loop can ever wake it; another thread still may.
  [[nodiscard]] bool stands_still() noexcept {
    const bool has_deadline = !timers_.empty() && timers_.next_deadline() != TimePoint::max();
    return ready.empty() && holds_ == 0 && !has_deadline && table_.waiting() == 0 && !awaits_signals();
  }
  bool wait_for_another_thread();
  void wait_virtually(TimePoint limit);
  void sleep_for(Duration timeout) noexcept {
    if (timeout == Duration::zero() || waker_->fall_asleep()) {
      ++statistics_.polls;
      if (table_.poll(timeout)) waker_->drain_event();
      waker_->wake_up();
    }
    ran_ = 0;
  }
  // Runs what is ready now; what becomes ready meanwhile is for the next time.
  void run_batch() {
    batch.take_all(ready);
    std::uint32_t ran = 0;
    if (batch_hook != nullptr) [[unlikely]] {
      ran_ = kPollEvery;
      ran = batch_hook->run_batch(*this);
    } else {
      ran = Scheduler::run_batch();
      ran_ += ran;
    }
    statistics_.steps += ran;
  }
  void fire_timers() noexcept {
    if (timers_.empty()) return;
    const TimePoint present = now();
    while (!timers_.empty()) {
      TimerNode* due = timers_.pop_due(present);
      if (due == nullptr) return;
      ++statistics_.timers_fired;
      wake(due->target);
    }
  }

  void ask_to_stop() noexcept {
    reasons_to_end_ |= kStopAsked;
    ran_ = kPollEvery;  // as in asyncio the last pass looks at the descriptors, too
  }
  void give(ReasonToEnd reason) noexcept { reasons_to_end_ = static_cast<std::uint8_t>(reasons_to_end_ | reason); }
  // True, once, if there is this reason.
  bool take(ReasonToEnd reason) noexcept {
    if ((reasons_to_end_ & reason) == 0) return false;
    reasons_to_end_ = static_cast<std::uint8_t>(reasons_to_end_ & ~reason);
    return true;
  }

  // A signal has come; its handlers are to be queued.
  virtual void on_signal() = 0;
  // In debug mode: nobody has woken a loop that stands still.
  virtual void on_standstill() noexcept = 0;
  // True if a signal may still wake a loop that waits for nothing else.
  [[nodiscard]] virtual bool awaits_signals() const noexcept = 0;

  Clock* clock_;
  TimerQueue timers_;
  WakerPointer waker_;
  DescriptorTable table_;
  std::size_t holds_ = 0;
  LoopStatistics statistics_;
  Duration standstill_limit_ = std::chrono::seconds(3);  // until debug mode reports it
  std::uint64_t standstill_at_ = UINT64_MAX;             // the number of steps at which it was reported
  ForkGuard fork_guard_;
  std::uint32_t ran_ = 0;  // nodes run since the descriptors were last looked at
  std::uint8_t reasons_to_end_ = 0;  // for whoever runs the passes, ReasonToEnd

 private:
  template <class = void>
  EDDY_COLD static ReactorKind reactor_of_environment() {
    const char* value = std::getenv("EDDY_REACTOR");
    const std::string_view name = value == nullptr ? "" : value;
    if (name.empty() || name == "epoll") return ReactorKind::epoll;
    if (name == "poll") return ReactorKind::poll;
    throw std::invalid_argument("eddy: the environment variable EDDY_REACTOR must be \"epoll\" or \"poll\", not \"" +
                                std::string(name) + '"');
  }
  template <class Poll = PollReactor, class Epoll = EpollReactor>
  static Reactor* make_reactor(ReactorKind kind) {
    if (kind == ReactorKind::automatic) kind = reactor_of_environment<>();
    if (kind == ReactorKind::poll) return new Poll;
    return new Epoll;
  }
};

inline void LoopCore::pass(TimePoint limit) {
  if (fork_guard_.in_child()) [[unlikely]] throw_in_child();
  ++statistics_.passes;
  if (waker_->has_news()) serve_news();
  if (ready.empty() && (reasons_to_end_ & kStopAsked) == 0) {
    wait(limit);
  } else if (ran_ >= kPollEvery && table_.waiting() > 0) {
    sleep_for(Duration::zero());
  }
  fire_timers();
  run_batch();
}

inline void LoopCore::wait(TimePoint limit) {
  if (clock_ != nullptr) return wait_virtually(limit);
  TimePoint until = limit;
  if (!timers_.empty() && timers_.next_deadline() < until) until = timers_.next_deadline();
  if (until == TimePoint::max()) {
    if (guarded == nullptr || !stands_still() || !wait_for_another_thread()) sleep_for(Duration(-1));
  } else {
    const Duration timeout = until - now();
    if (timeout > Duration::zero() || table_.waiting() > 0) sleep_for(timeout > Duration::zero() ? timeout : Duration::zero());
  }
  if (waker_->has_news()) serve_news();
}

// In debug mode: true if the loop has something to do, or to wait for, before the limit, or since the report of its standstill.
EDDY_COLD inline bool LoopCore::wait_for_another_thread() {
  if (standstill_at_ == statistics_.steps) return false;  // nothing has run since the report
  const TimePoint until = saturating_add(now(), standstill_limit_);
  for (Duration left = standstill_limit_; left > Duration::zero(); left = until - now()) {
    sleep_for(left);
    if (!ready.empty() || waker_->has_news()) return true;
  }
  standstill_at_ = statistics_.steps;
  on_standstill();
  return !stands_still() || waker_->has_news() || (reasons_to_end_ & kStopAsked) != 0;
}

// On a clock that jumps: look at the descriptors once, wait for what holds the clock back, and only then jump.
inline void LoopCore::wait_virtually(TimePoint limit) {
  const bool has_deadline = !timers_.empty() && timers_.next_deadline() != TimePoint::max();
  const auto patience = [&](Duration longest) {
    const Duration left = limit == TimePoint::max() ? longest : limit - TimePoint(std::chrono::steady_clock::now());
    if (left < Duration::zero() && longest != Duration(-1)) return Duration::zero();
    if (longest == Duration(-1)) return limit == TimePoint::max() ? longest : (left < Duration::zero() ? Duration::zero() : left);
    return left < longest ? left : longest;
  };
  if (holds_ > 0) {
    sleep_for(patience(Duration(-1)));
  } else if (table_.waiting() > 0) {
    sleep_for(patience(has_deadline ? kDescriptorPatience : Duration(-1)));
  }
  if (waker_->has_news()) serve_news();
  if (!ready.empty() || holds_ > 0) return;
  if (has_deadline) {
    if (!clock_->jump_to(timers_.next_deadline())) sleep_for(patience(kDescriptorPatience));
  } else if (stands_still()) {
    reasons_to_end_ |= kDeadlocked;
  }
}

}  // namespace detail
}  // namespace eddy::inline EDDY_ABI
