// Watcher: stands in the wait list of a running task or a future on behalf of a combinator, and is told in its turn.
//
// It allocates nothing: it is part of the combinator's awaiter. Unlike an awaiting task it can leave at any time, also
// between the end of what it watches and its own turn.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/loop/ready_queue.hpp>
#include <eddy/loop/scheduler.hpp>
#include <eddy/loop/wait_queue.hpp>
#include <eddy/task/as_task.hpp>
#include <eddy/task/child_group.hpp>
#include <eddy/task/future.hpp>
#include <eddy/task/task_handle.hpp>

#include <exception>
#include <utility>

namespace eddy::inline EDDY_ABI::detail {

class Watcher : CallbackNode, WaitNode {
 public:
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  // Calls `told(owner, watcher)` in the turn after what `queue` belongs to has ended.
  void watch(WaitQueue& queue, Scheduler& scheduler, void* owner, void (*told)(void*, Watcher*)) noexcept {
    queue_ = &queue;
    scheduler_ = &scheduler;
    owner_ = owner;
    told_ = told;
    queue.add(this, static_cast<CallbackNode*>(this), &scheduler);
  }
  void leave() noexcept {
    if (scheduler_ == nullptr) return;
    if (WaitNode::loop != nullptr) {
      queue_->remove(this);
    } else {
      scheduler_->unqueue(this);
    }
    scheduler_ = nullptr;
  }
  // From now on what it watches ends on its own account: the combinator has told it to stop.
  void disown() noexcept { disowned_ = true; }
  [[nodiscard]] bool disowned() const noexcept { return disowned_; }
  // For debug/: the owner of the watcher that `node` is, or null if it is none.
  [[nodiscard]] static const void* owner_of(const WaitNode* node) noexcept {
    const bool watches = (node->target->flags & kCallback) != 0 && static_cast<CallbackNode*>(node->target)->run == &Watcher::run_it;
    return watches ? static_cast<Watcher*>(static_cast<CallbackNode*>(node->target))->owner_ : nullptr;
  }

 protected:
  Watcher() noexcept : CallbackNode(&Watcher::run_it) {}
  ~Watcher() { leave(); }

 private:
  static void run_it(CallbackNode* node) {
    auto* self = static_cast<Watcher*>(node);
    self->scheduler_ = nullptr;
    self->told_(self->owner_, self);
  }

  WaitQueue* queue_ = nullptr;
  Scheduler* scheduler_ = nullptr;
  void* owner_ = nullptr;
  void (*told_)(void*, Watcher*) = nullptr;
  bool disowned_ = false;
};

// A task that somebody else owns, as a combinator sees it.
template <class T>
class HandleSlot final : public Watcher {
 public:
  using value_type = T;
  explicit HandleSlot(TaskHandle<T> handle) noexcept : handle_(std::move(handle)) {}
  HandleSlot(HandleSlot&& other) noexcept : handle_(std::move(other.handle_)) {}

  [[nodiscard]] bool done() const { return handle_.done(); }
  void check_not_own(Frame* frame) const { detail::check_not_own(frame, HandleAccess::frame(handle_)); }
  [[nodiscard]] WaitQueue& queue() const { return HandleAccess::frame(handle_)->waiters; }
  [[nodiscard]] bool cancelled() const { return handle_.cancelled(); }
  [[nodiscard]] bool has_value() const { return done() && HandleAccess::frame(handle_)->ended != Ended::exception && !cancelled(); }
  [[nodiscard]] std::exception_ptr take_error() {
    Frame* frame = HandleAccess::frame(handle_);
    frame->set(kRetrieved);
    return frame->ended == Ended::cancelled ? cancelled_error(frame) : frame->error();
  }
  [[nodiscard]] bool failed() const { return done() && HandleAccess::frame(handle_)->ended == Ended::exception; }
  [[nodiscard]] const TaskHandle<T>& handle() const noexcept { return handle_; }
  [[nodiscard]] T take() { return HandleAccess::take(std::move(handle_)); }
  // `waiting` waits for it, and is told to stop.
  void cancel(Frame* waiting) { pass_cancel_on(waiting->root, HandleAccess::frame(handle_)); }

 private:
  TaskHandle<T> handle_;
};

// The same for a future.
template <class T>
class FutureSlot final : public Watcher {
 public:
  using value_type = T;
  explicit FutureSlot(Future<T> future) noexcept : future_(std::move(future)) {}
  FutureSlot(FutureSlot&& other) noexcept : future_(std::move(other.future_)) {}

  [[nodiscard]] bool done() const { return future_.done(); }
  void check_not_own(Frame*) const noexcept {}
  [[nodiscard]] WaitQueue& queue() const { return FutureAccess::state(future_).waiters; }
  [[nodiscard]] bool cancelled() const { return future_.cancelled(); }
  [[nodiscard]] bool has_value() const { return done() && FutureAccess::state(future_).outcome->has_value(); }
  [[nodiscard]] std::exception_ptr take_error() { return FutureAccess::state(future_).get().exception(); }
  [[nodiscard]] T take() { return static_cast<T>(future_.result()); }
  void cancel(Frame*) { future_.cancel(); }

 private:
  Future<T> future_;
};

// How a combinator keeps what it was given: a Task is its own child; handles and futures are watched; any other
// awaitable is wrapped in a Task.
template <class A>
auto make_slot(A&& awaitable) {
  using Plain = std::remove_cvref_t<A>;
  if constexpr (is_handle<Plain>) {
    return HandleSlot<typename Plain::value_type>(std::forward<A>(awaitable));
  } else if constexpr (is_future<Plain>) {
    return FutureSlot<typename Plain::value_type>(std::forward<A>(awaitable));
  } else if constexpr (is_task<Plain>) {
    return ChildSlot<typename Plain::value_type>(std::move(awaitable));
  } else {
    return ChildSlot(make_task(std::forward<A>(awaitable)));
  }
}

template <class A>
using SlotOf = decltype(make_slot(std::declval<A>()));
template <class Slot>
inline constexpr bool is_watched = std::is_base_of_v<Watcher, Slot>;

}  // namespace eddy::inline EDDY_ABI::detail
