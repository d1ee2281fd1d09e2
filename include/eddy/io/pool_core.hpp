// PoolCore: what a Pool is beside the type of its members: who waits, what is idle, what is being made, checked or closed.
//
// Every member has a slot from the moment it is asked for until it is closed, and there are `max_size` of them. Members
// are made and checked by tasks of the pool, so a waiter that leaves loses nothing: what was being made for it goes to
// the next one, or becomes idle. Waiters are served in the order in which they came, with whatever is ready first: a
// member that was made, one that was given back, or a factory's error.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/error.hpp>
#include <eddy/base/intrusive_list.hpp>
#include <eddy/base/time.hpp>
#include <eddy/io/pool_parts.hpp>
#include <eddy/loop/close_hooks.hpp>
#include <eddy/loop/event_loop.hpp>
#include <eddy/loop/handle.hpp>
#include <eddy/task/create_task.hpp>
#include <eddy/task/current_task.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <stdexcept>
#include <utility>

namespace eddy::inline EDDY_ABI::detail {

class PoolCore : public CloseHook {
 public:
  explicit PoolCore(const PoolOptions& options) : options_(options) {
    if (options.max_size == 0) throw std::invalid_argument("eddy: a pool must be allowed at least one member");
  }
  PoolCore(const PoolCore&) = delete;
  PoolCore& operator=(const PoolCore&) = delete;
  virtual ~PoolCore() {
    expiry_.cancel();
    if (loop_ != nullptr) EventLoop::Internals::close_hooks(*loop_).remove(this);
  }

  [[nodiscard]] bool is_shut() const noexcept { return closed_; }
  [[nodiscard]] PoolStatistics statistics() const noexcept {
    const std::size_t in_use = size_ - idle_count_ - supplying_ - closing_;
    return {size_, idle_count_, in_use, waiting_, created_, discarded_, failed_};
  }
  [[nodiscard]] PoolHolder try_acquire() {
    if (closed_) throw PoolClosed();
    bind(get_running_loop());
    PoolMember* const member = take_at_once();
    return member == nullptr ? PoolHolder() : PoolHolder(this, member);
  }
  // Gives nothing any more: waiters are refused, idle members closed, tasks that make or check one stopped.
  void shut() noexcept {
    closed_ = true;
    while (waiting_ > 0) wake_front();
    drop_idle();
    for (PoolSupply* supply = supplies_.front(); supply != nullptr; supply = supplies_.after(supply)) stop(*supply);
  }
  // The Pool goes; leases may be left.
  void orphan() noexcept {
    break_waiters(waiters_);
    waiting_ = 0;
    break_waiters(closers_);
    shut();
  }

  std::uint32_t references = 0;

 protected:
  enum class Check : unsigned char { none, at_once, waits };

  [[nodiscard]] EventLoop& loop() const noexcept { return *loop_; }

  Check check_ = Check::none;
  bool has_closer_ = false;

 private:
  friend PoolHolder;
  friend PoolSupply;
  friend PoolClosing;
  friend PoolWaiter;
  friend PoolCloseAwaiter;

  // Tasks that have not started: one that checks a member, one that makes one, and one that closes one. Errors: any.
  virtual Task<> check(PoolSupply supply) = 0;
  virtual Task<> make(PoolSupply supply) = 0;
  virtual Task<> end(PoolClosing closing) = 0;
  // The check of Check::at_once.
  virtual bool passes(PoolMember& member) noexcept = 0;

  // The end of the loop. The idle members go with it, since they may belong to it.
  void begin_close() noexcept final { drop_idle(); }
  [[nodiscard]] bool closed() noexcept final { return closing_ == 0; }
  void detach() noexcept final {
    expiry_.cancel();
    expiry_at_ = TimePoint::max();
    loop_ = nullptr;
    ++generation_;
    drop_idle();
  }
  void bind(EventLoop& loop) {
    if (loop_ == &loop) return;
    if (loop_ != nullptr)
      throw RuntimeError("eddy: tasks of two event loops use one pool, which is for one at a time");
    loop_ = &loop;
    EventLoop::Internals::close_hooks(loop).push_back(this);
  }

  // A member that can be had at once, if nobody waits; else null.
  [[nodiscard]] PoolMember* take_at_once() noexcept {
    while (waiting_ == 0 && check_ != Check::waits) {
      PoolMember* member = take_idle();
      if (member == nullptr || check_ == Check::none || passes(*member)) return member;
      dispose(member);
    }
    return nullptr;
  }
  // The idle member that was used last, which is the least likely to be stale; null if there is none that is good.
  [[nodiscard]] PoolMember* take_idle() noexcept {
    while (!idle_.empty()) {
      auto* member = static_cast<PoolMember*>(static_cast<ListHook*>(idle_.front())->prev);
      unlink(member);
      if (member->expires == TimePoint::max() || member->expires > loop_->time()) return member;
      dispose(member);
    }
    return nullptr;
  }
  void unlink(PoolMember* member) noexcept {
    idle_.remove(member);
    --idle_count_;
  }
  void drop_idle() noexcept {
    while (PoolMember* member = idle_.front()) {
      unlink(member);
      dispose(member);
    }
  }

  // A leased member is given back.
  void give_back(PoolMember* member) noexcept {
    if (waiting_ > 0 && check_ != Check::none && keeps(member)) return supply(member);
    offer(member);
  }
  // A member that is good goes to the first waiter, or is idle.
  void offer(PoolMember* member) noexcept {
    if (!keeps(member) || (waiting_ == 0 && idle_count_ >= options_.max_idle)) return dispose(member);
    if (waiting_ > 0) {
      static_cast<PoolWaiter*>(waiters_.front())->give(PoolHolder(this, member));
      return wake_front();
    }
    idle_.push_back(member);
    ++idle_count_;
    member->expires = member->dies;
    if (options_.idle_timeout.limited()) {
      const TimePoint end = saturating_add(loop_->time(), options_.idle_timeout.duration());
      if (end < member->dies) member->expires = end;
    }
    expire_at(member->expires);
  }
  [[nodiscard]] bool keeps(const PoolMember* member) const noexcept {
    if (closed_ || loop_ == nullptr || member->generation != generation_) return false;
    return member->dies == TimePoint::max() || member->dies > loop_->time();
  }
  void wake_front() noexcept {
    --waiting_;
    waiters_.wake_front();
  }

  // Starts as many tasks as there are waiters without one, as far as there are members or slots for them.
  void serve() noexcept {
    while (supplying_ < waiting_) {
      PoolMember* member = take_idle();
      if (member == nullptr) {
        if (supplying_ >= waiting_ || size_ >= options_.max_size) return;
        ++size_;
      }
      supply(member);
    }
  }
  // Starts a task that checks `member`, or makes one if it is null.
  void supply(PoolMember* member) noexcept {
    ++supplying_;
    PoolSupply supply(this, member);
    try {
      auto task = member == nullptr ? make(std::move(supply)) : check(std::move(supply));
      create_task_on(*loop_, std::move(task), {.name = "pool"});
    } catch (...) {
      // It was destroyed on the way, and somebody has been refused.
    }
  }
  // A supply has ended without a member. The first waiter gets the error, unless enough is on its way for all of them.
  bool refuse(std::exception_ptr error) noexcept {
    if (closed_ || supplying_ >= waiting_) return closed_;
    static_cast<PoolWaiter*>(waiters_.front())->refuse(std::move(error));
    wake_front();
    return true;
  }
  static void stop(PoolSupply& supply) noexcept {
    if (Frame* task = RefAccess::frame(supply.task_)) cancel_task(task);
  }

  // Closes a member that is in no list.
  void dispose(PoolMember* member) noexcept {
    ++discarded_;
    ++closing_;
    PoolClosing closing(this, member);
    if (!has_closer_ || loop_ == nullptr || loop_->is_closed()) return;
    try {
      Task<> task = end(std::move(closing));
      start_strand(*loop_, TaskAccess::release(task));  // no task of its own, so that it is not cancelled at the end of run
    } catch (...) {
      report(loop_, "a pool's member could not be closed", std::current_exception());
    }
  }
  void free_slot() noexcept {
    --size_;
    if (!closed_) return serve();
    if (size_ == 0) closers_.wake_all();
  }

  // Idle members are looked at when the first of them expires.
  void expire_at(TimePoint when) noexcept {
    if (when >= expiry_at_) return;
    expiry_.cancel();
    expiry_at_ = TimePoint::max();
    try {
      expiry_ = loop_->call_at(when, [this] { expire(); });
      expiry_at_ = when;
    } catch (...) {
      // Then whoever takes it finds that it has expired, or the next one that becomes idle sets the timer.
    }
  }
  void expire() noexcept {
    const PoolPointer self(this);
    expiry_at_ = TimePoint::max();
    const TimePoint present = loop_->time();
    TimePoint earliest = TimePoint::max();
    PoolMember* member = idle_.front();
    while (member != nullptr) {
      PoolMember* const after = idle_.after(member);
      if (member->expires > present) {
        if (member->expires < earliest) earliest = member->expires;
        member = after;
      } else {
        unlink(member);
        dispose(member);
        earliest = TimePoint::max();
        member = loop_ == nullptr ? nullptr : idle_.front();  // its destructor may have given back others
      }
    }
    expire_at(earliest);
  }

  const PoolOptions options_;
  EventLoop* loop_ = nullptr;  // from the first use on, until it ends
  IntrusiveList<PoolMember> idle_;
  IntrusiveList<PoolSupply> supplies_;  // whose tasks run
  WaitQueue waiters_;
  WaitQueue closers_;  // who waits in close()
  std::size_t size_ = 0;
  std::size_t idle_count_ = 0;
  std::size_t supplying_ = 0;
  std::size_t closing_ = 0;
  std::size_t waiting_ = 0;
  std::uint64_t created_ = 0;
  std::uint64_t discarded_ = 0;
  std::uint64_t failed_ = 0;
  TimerHandle expiry_;
  TimePoint expiry_at_ = TimePoint::max();
  std::uint32_t generation_ = 0;
  bool closed_ = false;
};

inline PoolPointer::PoolPointer(PoolCore* core) noexcept : core_(core) { ++core->references; }
inline PoolPointer::~PoolPointer() {
  if (core_ != nullptr && --core_->references == 0) delete core_;
}

inline PoolHolder::~PoolHolder() {
  if (member_ == nullptr) return;
  EventLoop* const loop = core_->loop_;
  const Frame* const running = loop == nullptr ? nullptr : EventLoop::Internals::scheduler(*loop).current;
  end(used_ && running != nullptr && running->state == State::unwinding &&
      (running->ended == Ended::no || running->ended == Ended::cancelled));
}
inline void PoolHolder::end(bool discard) noexcept {
  PoolMember* const member = std::exchange(member_, nullptr);
  const PoolPointer core = std::move(core_);
  if (discard) {
    core->dispose(member);
  } else {
    core->give_back(member);
  }
}

inline PoolSupply::~PoolSupply() {
  if (!core_) return;
  PoolMember* const member = member_;
  const PoolPointer core = take();
  core->refuse(make_error<CancelledError>("the making of a pool's member was cancelled"));
  if (member != nullptr) {
    core->dispose(member);
  } else {
    core->free_slot();
  }
}
inline PoolPointer PoolSupply::take() noexcept {
  if (task_) core_->supplies_.remove(this);
  --core_->supplying_;
  return std::move(core_);
}
inline bool PoolSupply::begin() {
  task_ = current_task();
  core_->supplies_.push_back(this);
  return !core_->closed_;
}
inline void PoolSupply::deliver(PoolMember* member) noexcept {
  if (member_ == nullptr) {
    ++core_->created_;
    member->generation = core_->generation_;
    const TimeLimit& limit = core_->options_.max_lifetime;
    if (limit.limited()) member->dies = saturating_add(core_->loop_->time(), limit.duration());
  }
  take()->offer(member);
}
inline void PoolSupply::unhealthy() noexcept {
  PoolMember* const member = member_;
  take()->dispose(member);
}
inline void PoolSupply::fail(std::exception_ptr error) noexcept {
  const PoolPointer core = take();
  ++core->failed_;
  if (!core->refuse(error))
    report(core->loop_, "a pool's factory failed when nobody waited for its member any more", std::move(error));
  core->free_slot();
}

inline PoolClosing::~PoolClosing() {
  if (member_ == nullptr) return;
  delete member_;
  --core_->closing_;
  core_->free_slot();
}

inline bool PoolWaiter::await_ready() {
  if (source_->closed_) return true;
  holder_ = source_->try_acquire();
  return !holder_.empty();
}
inline void PoolWaiter::wait(Frame* frame) {
  if (!wait_in(source_->waiters_, frame)) return;
  ++source_->waiting_;
  source_->serve();
}
inline void PoolWaiter::leave() noexcept {
  source_->waiters_.remove(this);
  --source_->waiting_;
}

inline bool PoolCloseAwaiter::await_ready() noexcept {
  source_->shut();
  return source_->size_ == 0;
}
inline void PoolCloseAwaiter::wait(Frame* frame) { wait_in(source_->closers_, frame); }
inline void PoolCloseAwaiter::leave() noexcept { source_->closers_.remove(this); }

}  // namespace eddy::inline EDDY_ABI::detail
