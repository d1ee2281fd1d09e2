// as_completed: the handles of running tasks in the order in which the tasks end.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/time.hpp>
#include <eddy/combine/timed_out.hpp>
#include <eddy/combine/wait.hpp>
#include <eddy/loop/waiter.hpp>

#include <coroutine>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace eddy::inline EDDY_ABI {

namespace detail {

template <class T>
class NextCompleted;

template <class T>
struct CompletionOrder {
  CompletionOrder(std::vector<HandleSlot<T>> watched, TimeLimit time_limit) : slots(std::move(watched)), limit(time_limit), expiry(this) {
    ended.reserve(slots.size());
  }
  CompletionOrder(const CompletionOrder&) = delete;
  CompletionOrder& operator=(const CompletionOrder&) = delete;
  ~CompletionOrder() { disarm(); }

  // Each task that calls next() is looked for among the awaited ones once.
  void check_not_own(Frame* frame) {
    const Frame* task = task_of(frame->root);
    if (task == checked) return;
    for (const auto& slot : slots) slot.check_not_own(frame);
    checked = task;
  }
  // Starts to watch, at the first call of next().
  void begin(Scheduler& scheduler) {
    if (loop != nullptr) return;
    loop = &scheduler;
    for (auto& slot : slots) {
      if (slot.done()) {
        ended.push_back(&slot);
      } else {
        slot.watch(slot.queue(), scheduler, this, [](void* self, Watcher* watcher) {
          auto* order = static_cast<CompletionOrder*>(self);
          order->ended.push_back(static_cast<HandleSlot<T>*>(watcher));
          if (!order->waiters.empty()) NextCompleted<T>::give(*order);
        });
      }
    }
    if (!limit.limited()) return;
    EventLoop& event_loop = EventLoop::Internals::loop(scheduler);
    timer.target = &expiry;
    EventLoop::Internals::timers(event_loop).arm(&timer, saturating_add(event_loop.time(), limit.duration()));
  }
  void disarm() noexcept {
    if (timer.armed()) EventLoop::Internals::timers(loop).cancel(&timer);
    if (loop != nullptr) loop->unqueue(&expiry);
  }
  [[nodiscard]] bool exhausted() const noexcept { return given == slots.size(); }
  [[nodiscard]] bool has_next() const noexcept { return given < ended.size(); }

  struct Expiry : CallbackNode {
    explicit Expiry(CompletionOrder* owner) noexcept : CallbackNode(&Expiry::run_it), order(owner) {}
    static void run_it(CallbackNode* node) {
      CompletionOrder* self = static_cast<Expiry*>(node)->order;
      self->expired = true;
      self->waiters.wake_all();
    }
    CompletionOrder* order;
  };

  std::vector<HandleSlot<T>> slots;
  std::vector<HandleSlot<T>*> ended;
  std::size_t given = 0;
  TimeLimit limit;
  TimerNode timer;
  Expiry expiry;
  bool expired = false;
  const Frame* checked = nullptr;
  Scheduler* loop = nullptr;
  WaitQueue waiters;
};

template <class T>
class [[nodiscard("nothing is waited for until this is awaited: co_await it")]] NextCompleted final : public Waiter {
 public:
  explicit NextCompleted(CompletionOrder<T>& order) noexcept : order_(&order) {}
  [[nodiscard]] bool await_ready() const noexcept { return order_->exhausted() || order_->has_next(); }
  template <class P>
  EDDY_SUSPEND bool await_suspend(std::coroutine_handle<P> handle) {
    Frame* frame = frame_of(handle);
    frame_ = frame;
    if (order_->expired) return false;  // to throw
    if (!order_->waiters.empty()) throw_busy();
    order_->check_not_own(frame);
    order_->begin(*frame->root->loop);
    if (order_->has_next()) return false;
    wait_in(order_->waiters, frame);
    return true;
  }
  // The waiter gets what has just ended, whoever else asks before it resumes.
  static void give(CompletionOrder<T>& order) noexcept {
    WaitNode* waiter = order.waiters.front();
    static_cast<NextCompleted*>(waiter)->given_ = order.ended[order.given++];
    order.waiters.wake(waiter);
  }
  std::optional<TaskHandle<T>> await_resume() {
    if (given_ != nullptr) return given_->handle();
    if (order_->has_next()) return order_->ended[order_->given++]->handle();
    if (order_->exhausted()) return std::nullopt;
    throw timed_out(frame_);
  }

 private:
  CancelResult try_cancel(bool) noexcept override {
    order_->waiters.remove(this);
    return CancelResult::stopped;
  }
  [[noreturn]] EDDY_COLD void throw_busy() const {
    auto* other = static_cast<Frame*>(order_->waiters.front()->target);
    throw BusyResourceError("eddy: " + describe(other) + ", takes from this as_completed; one at a time may");
  }
  [[nodiscard]] const char* waits_for() const noexcept override { return "the next task to end"; }
  [[nodiscard]] const void* waits_at() const noexcept override { return order_; }
  CompletionOrder<T>* order_;
  HandleSlot<T>* given_ = nullptr;
  const Frame* frame_ = nullptr;  // who awaits it
};

}  // namespace detail

/// What `as_completed` returns. Dropping it leaves the tasks running.
template <class T>
class [[nodiscard]] AsCompleted {
 public:
  AsCompleted(std::vector<detail::HandleSlot<T>> slots, TimeLimit limit)
      : order_(std::make_unique<detail::CompletionOrder<T>>(std::move(slots), limit)) {}
  /// Completes with the handle of the next task that has ended, successfully or not; nullopt when all were given.
  /// Cancellation: stops waiting, nothing is lost. Errors: TimeoutError once the time limit, which starts with the first
  /// call, has passed and no ended task is left to give; BusyResourceError for two calls at a time.
  auto next() noexcept { return detail::NextCompleted<T>(*order_); }

 private:
  std::unique_ptr<detail::CompletionOrder<T>> order_;
};

/// The handles of running tasks in the order in which the tasks end, each once:
/// `auto order = as_completed(handles); while (auto handle = co_await order.next()) …`.
/// A task that has ended before comes first; the same handle given twice comes once. With a limit, `next` throws
/// TimeoutError once that has passed, and the tasks run on.
/// `handles` is a range, such as a std::vector. What a task threw is thrown where its handle is awaited:
/// `co_await *handle` in the loop above gives the task's value.
///
/// Cancellation: the tasks run on. Errors: std::invalid_argument if there are no handles. Complexity: one allocation and
/// two arrays. Source: asyncio.as_completed.
template <class R>
auto as_completed(R&& handles, TimeLimit limit = std::nullopt) {
  auto slots = detail::distinct_handles(std::forward<R>(handles), "eddy: as_completed needs at least one handle");
  using T = typename decltype(slots)::value_type::value_type;
  return AsCompleted<T>(std::move(slots), limit);
}
template <class Called = void>
auto as_completed(detail::BracedList, TimeLimit = std::nullopt) {
  static_assert(!std::is_void_v<Called>, "eddy: as_completed takes a range: name it first: std::vector handles{a, b}; as_completed(handles)");
}

}  // namespace eddy::inline EDDY_ABI
