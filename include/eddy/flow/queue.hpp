// Queue, LifoQueue and PriorityQueue: asyncio's queues, for producers and consumers on one loop.
//
// A bound on the size makes fast producers wait for slow consumers. How items are handed over is told in exchange.hpp.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/error.hpp>
#include <eddy/flow/exchange.hpp>
#include <eddy/flow/queue_storage.hpp>
#include <eddy/task/misuse.hpp>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace eddy::inline EDDY_ABI {

/// Thrown by `put_nowait` when there is no room: drop the item, or wait for room by `co_await put(…)`.
/// Source: asyncio.QueueFull.
class QueueFull : public RuntimeError {
 public:
  QueueFull() : RuntimeError("eddy: the queue is full") {}
};

/// Thrown by `get_nowait` when there is no item that it may take: do something else, or wait for one by `co_await get()`.
/// Source: asyncio.QueueEmpty.
class QueueEmpty : public RuntimeError {
 public:
  QueueEmpty() : RuntimeError("eddy: the queue is empty") {}
};

/// Thrown by all that puts into a queue which was shut down, and by all that gets when nothing is left in it: a consumer's loop
/// ends here, and a producer stops. Source: asyncio.QueueShutDown.
class QueueShutDown : public RuntimeError {
 public:
  QueueShutDown() : RuntimeError("eddy: the queue was shut down") {}
};

/// Thrown by `task_done` when it is called more often than items were put: call it once for each `get`.
/// Source: asyncio's ValueError.
class TaskDoneTooOften : public std::logic_error {
 public:
  TaskDoneTooOften()
      : std::logic_error("eddy: task_done() was called more often than items were put into the queue" + detail::by_caller()) {}
};

namespace detail {

// How many items were put and not yet reported as done, and who waits until there are none.
class UnfinishedCount {
 public:
  UnfinishedCount() noexcept = default;
  UnfinishedCount(const UnfinishedCount&) = delete;
  UnfinishedCount& operator=(const UnfinishedCount&) = delete;
  ~UnfinishedCount();

  // Counts finished items, of `accepted` in all.
  void finish(std::size_t count, std::size_t accepted) noexcept {
    finished_ += count;
    if (finished_ == accepted) waiters_.wake_all();
  }
  [[nodiscard]] std::size_t finished() const noexcept { return finished_; }

 private:
  friend class JoinAwaiter;
  std::size_t finished_ = 0;
  WaitQueue waiters_;
};

class [[nodiscard("nothing is waited for until this is awaited: co_await it")]] JoinAwaiter final : Waiter {
 public:
  using EddyAwaiter = void;
  JoinAwaiter(UnfinishedCount* count, const ExchangeBase* exchange) noexcept : count_(count), exchange_(exchange) {
    loop = nullptr;
  }
  JoinAwaiter(JoinAwaiter&& other) noexcept : JoinAwaiter(other.count_, other.exchange_) {}  // before it is awaited
  JoinAwaiter& operator=(JoinAwaiter&&) = delete;
  ~JoinAwaiter() { leave(); }

  [[nodiscard]] bool await_ready() const noexcept { return count_->finished() == exchange_->accepted(); }
  template <class P>
  EDDY_SUSPEND void await_suspend(std::coroutine_handle<P> handle) noexcept {
    wait_in(count_->waiters_, frame_of(handle));
  }
  void await_resume() const {
    if (count_ == nullptr) [[unlikely]] throw BrokenResourceError("eddy: a queue was destroyed while tasks waited for it");
  }

 private:
  friend UnfinishedCount;
  void leave() noexcept {
    if (loop == nullptr) return;
    (count_ == nullptr ? loop->orphans : count_->waiters_).remove(this);
  }
  CancelResult try_cancel(bool) noexcept override {
    leave();
    return CancelResult::stopped;
  }
  [[nodiscard]] const char* waits_for() const noexcept override { return "a queue's items to be done"; }
  [[nodiscard]] const void* waits_at() const noexcept override { return count_ == nullptr ? nullptr : exchange_; }

  UnfinishedCount* count_;  // null once it was destroyed while this waited
  const ExchangeBase* exchange_;
};

inline UnfinishedCount::~UnfinishedCount() {
  if (!waiters_.empty()) [[unlikely]] orphan_all(waiters_, [](WaitNode* node) noexcept { static_cast<JoinAwaiter*>(node)->count_ = nullptr; });
}

// What the three queues have in common; they differ in the Storage, which is one of queue_storage.hpp.
template <class T, class Storage>
class BasicQueue {
  using Items = Exchange<T, Storage, Reserved::counts>;
  using Put = PutAwaiter<Items, QueueShutDown>;
  using Get = GetAwaiter<Items, QueueShutDown>;

 public:
  using value_type = T;

  /// Completes once `value` is in the queue; waits while it is full. Does not suspend if there is room.
  /// Cancellation: an item that is in the queue stays there and `put` completes; before that the putter leaves and
  /// its item is destroyed with its frame. Errors: QueueShutDown, and what T's move throws.
  template <class U = T>
    requires std::is_constructible_v<T, U&&>
  [[nodiscard("nothing is put until this is awaited: co_await it")]] Put put(U&& value) {
    check_awaited_item<U>();
    return Put(&exchange_, std::in_place, std::forward<U>(value));
  }
  /// The same for a T that is made from `args`: `co_await queue.put(std::in_place, 1, "one")`.
  template <class... Args>
  [[nodiscard("nothing is put until this is awaited: co_await it")]] Put put(std::in_place_t, Args&&... args) {
    return Put(&exchange_, std::in_place, std::forward<Args>(args)...);
  }
  /// Completes with the next item; waits while there is none. Does not suspend if there is one that no earlier getter
  /// was promised.
  /// Cancellation: a getter that was promised an item still gets it. Errors: QueueShutDown if the queue was shut
  /// down and has no more items; what T's move throws, the item then stays in the queue.
  [[nodiscard("nothing is taken until this is awaited: co_await it")]] Get get() noexcept { return Get(&exchange_); }

  /// Puts without waiting. Errors: QueueFull, QueueShutDown; `value` is not moved from then.
  template <class U = T>
    requires std::is_constructible_v<T, U&&>
  void put_nowait(U&& value) {
    if (!exchange_.has_room()) refuse<QueueFull>();
    exchange_.store(StoredItem<T>(std::in_place, std::forward<U>(value)));
  }
  /// Takes the next item without waiting; never one that a woken getter was promised. Errors: QueueEmpty,
  /// QueueShutDown.
  T get_nowait() {
    if (!exchange_.has_item()) refuse<QueueEmpty>();
    return exchange_.template take<T>();
  }

  /// Completes once `task_done` was called for every item that was ever put; at once if that is so already.
  [[nodiscard("nothing is waited for until this is awaited: co_await it")]] JoinAwaiter join() noexcept {
    return {&unfinished_, &exchange_};
  }
  /// Reports one item that was got as done. Errors: TaskDoneTooOften.
  void task_done() {
    if (unfinished_.finished() == exchange_.accepted()) throw TaskDoneTooOften();
    unfinished_.finish(1, exchange_.accepted());
  }
  /// Refuses all further puts. Every putter that waits fails with QueueShutDown; getters get the items that are left and
  /// fail then. `immediate` also destroys the items that no woken getter was promised, and counts them as done. A second
  /// call does nothing, unless it is the first with `immediate`. Source: asyncio.Queue.shutdown, of Python 3.13.
  void shutdown(bool immediate = false) {
    exchange_.close();
    if (immediate) unfinished_.finish(exchange_.drop(), exchange_.accepted());
  }

  /// How many items are stored, with those that woken getters are about to take.
  [[nodiscard]] std::size_t qsize() const noexcept { return exchange_.size(); }
  /// True if `get_nowait` would find nothing; all that is stored may be promised to woken getters.
  [[nodiscard]] bool empty() const noexcept { return !exchange_.has_item(); }
  /// True if `maxsize` items are stored; never if that is zero.
  [[nodiscard]] bool full() const noexcept { return maxsize_ != 0 && exchange_.size() >= maxsize_; }
  /// The bound on the size; zero for none.
  [[nodiscard]] std::size_t maxsize() const noexcept { return maxsize_; }

 protected:
  template <class... Args>
  explicit BasicQueue(std::size_t maxsize, Args&&... args)
      : exchange_(maxsize == 0 ? SIZE_MAX : maxsize, std::forward<Args>(args)...), maxsize_(maxsize) {}
  BasicQueue(const BasicQueue&) = delete;
  BasicQueue& operator=(const BasicQueue&) = delete;
  ~BasicQueue() = default;

 private:
  template <class Error>
  [[noreturn]] EDDY_COLD void refuse() const {
    if (exchange_.closed()) throw QueueShutDown();
    throw Error();
  }

  Items exchange_;
  std::size_t maxsize_;
  UnfinishedCount unfinished_;
};

}  // namespace detail

/// A queue: first in, first out. `Queue<T>(0)`, the default, is unbounded; `Queue<T>(n)` holds at most n items.
///
/// Waiting getters and putters are served in the order of arrival, nobody overtakes: an item that arrives is promised to
/// the oldest waiting getter, a slot that becomes free takes the oldest putter's item at once. So `put` and `get` never
/// lose an item to a cancel, and `get_nowait` never takes what somebody else was woken for; until that getter runs
/// the item counts in `qsize` and for the bound. `put` and `get` that can go on do so without suspending: a
/// loop of them on an unbounded queue gives nobody else a turn.
///
/// Destroying a queue destroys its items; it must outlive those who wait at it. Whoever still waits gets a
/// BrokenResourceError, a putter keeps its item until then, and in debug mode the program is stopped. But a task that is
/// cancelled in the same pass, as those are that the main task leaves behind with its queue, ends as cancelled. Cannot be moved.
/// T needs a move constructor only. If that may throw, each item is allocated on its own, so that none is lost.
///
/// Threads: for one loop's thread. Complexity: constant; waiting allocates nothing, and storing only until the buffer has
/// reached the largest size that was needed; it is not given back before the queue ends. Source: asyncio.Queue.
template <class T>
class Queue final : public detail::BasicQueue<T, detail::RingBuffer<T>> {
 public:
  explicit Queue(std::size_t maxsize = 0) noexcept : detail::BasicQueue<T, detail::RingBuffer<T>>(maxsize) {}
};

/// As Queue, but the item that was put last is got first. A woken getter takes the last one at the time it runs.
/// Source: asyncio.LifoQueue.
template <class T>
class LifoQueue final : public detail::BasicQueue<T, detail::Stack<T>> {
 public:
  explicit LifoQueue(std::size_t maxsize = 0) noexcept : detail::BasicQueue<T, detail::Stack<T>>(maxsize) {}
};

/// By default `a < b` means that `a` is got before `b`: the smallest first, as in asyncio.
struct SmallestFirst {
  /// Whether `a` is got before `b`.
  template <class T>
  [[nodiscard]] constexpr bool operator()(const T& a, const T& b) const {
    return a < b;
  }
};

/// As Queue, but the item that `Compare` puts first is got first, and among equals the one that was put first. A woken
/// getter takes the best one at the time it runs. A comparison that throws does so out of the `put` or `get` that needed
/// it, and no item is lost. Complexity: O(log n). Source: asyncio.PriorityQueue, whose order of equals is arbitrary.
template <class T, class Compare = SmallestFirst>
class PriorityQueue final : public detail::BasicQueue<T, detail::PriorityHeap<T, Compare>> {
 public:
  explicit PriorityQueue(std::size_t maxsize = 0, Compare compare = Compare())
      : detail::BasicQueue<T, detail::PriorityHeap<T, Compare>>(maxsize, std::move(compare)) {}
};

}  // namespace eddy::inline EDDY_ABI
