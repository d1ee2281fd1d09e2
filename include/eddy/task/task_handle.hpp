// TaskHandle and create_task: a task that runs on its own, and the handle by which others await or cancel it.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/callable.hpp>
#include <eddy/loop/waiter.hpp>
#include <eddy/task/cancellation.hpp>
#include <eddy/task/done_callback.hpp>
#include <eddy/task/task.hpp>

#include <concepts>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace eddy::inline EDDY_ABI {

namespace detail {

struct HandleAccess;

[[noreturn]] EDDY_COLD inline void throw_empty_handle() { throw_misuse("this TaskHandle refers to no task: it was moved from"); }

// One holder of a T's block less: ends the outcome and the block with the last.
template <class T>
EDDY_INLINE void release_result(Frame* frame) noexcept {
  if (--frame->count > 0) return;
  if constexpr (!ResultSlot<T>::kTrivial) {
    if (frame->has(kAlive)) return;
    ResultSlot<T>::destroy(frame);
  }
  if (frame->has(kHeld)) return;
  drop_outcome(frame);
  free_frame(frame);
}

// Errors: RuntimeError if `frame` belongs to the task that it is about to await.
inline void check_not_own(Frame* frame, Frame* target) {
  if (task_of(frame->root) == target)
    throw RuntimeError("eddy: task " + name_of(target) + " awaits its own handle and would never end");
}

// Waits until a task has ended. A cancel of the waiting task is forwarded to it.
struct TaskWaiter : Waiter {
  explicit TaskWaiter(Frame* awaited) noexcept : target_(awaited) {}

  [[nodiscard]] bool await_ready() const noexcept { return target_->done(); }
  template <class P>
  void await_suspend(std::coroutine_handle<P> handle) {
    Frame* frame = frame_of(handle);
    check_not_own(frame, target_);
    wait_in(target_->waiters, frame);
  }

 protected:
  ~TaskWaiter() = default;
  CancelResult try_cancel(bool force) noexcept override {
    Frame* root = static_cast<Frame*>(target);
    if (force) {
      target_->waiters.remove(this);
      return CancelResult::stopped;
    }
    if (root->loop->guarded != nullptr) [[unlikely]] note_cancel(target_, root, {});
    mark_cancelled(target_);
    root->state = State::leaving;
    return CancelResult::later;
  }
  [[nodiscard]] const char* waits_for() const noexcept override { return "a task"; }
  [[nodiscard]] bool waits_for_strands() const noexcept override { return true; }
  Frame* target_;
};

// For `co_await handle`: what the task gave stays with it.
template <class T>
struct [[nodiscard]] HandleAwaiter final : TaskWaiter {
  using TaskWaiter::TaskWaiter;
  decltype(auto) await_resume() {
    check_result(target_);
    if constexpr (std::is_reference_v<T>) {
      return ResultSlot<T>::take(target_);
    } else if constexpr (!std::is_void_v<T>) {
      return std::as_const(ResultSlot<T>::get(target_));
    }
  }
};

}  // namespace detail

/// A running task, or one that has ended. Copies refer to the same task; dropping all of them neither cancels nor
/// leaks it: the loop owns the task. An exception that nobody retrieved is reported when the last handle goes.
///
/// `co_await handle` completes when the task has ended, with `const T&` (valid while a handle lives), throws what
/// it threw, or CancelledError if it was cancelled. Any number of tasks may await it. `co_await std::move(handle)`
/// gives a T: moved if this was the last handle or T can only be moved, copied otherwise.
///
/// Cancellation: a cancel of the awaiting task is forwarded to the awaited one; `shield` prevents that. Threads: for
/// the loop's thread. Source: asyncio.Task.
template <class T>
class TaskHandle {
 public:
  using value_type = T;

  /// A handle of no task; only assignment and destruction may follow.
  TaskHandle() noexcept = default;
  TaskHandle(const TaskHandle& other) noexcept : frame_(other.frame_) {
    if (frame_ != nullptr) ++frame_->count;
  }
  TaskHandle(TaskHandle&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  TaskHandle& operator=(TaskHandle other) noexcept {
    std::swap(frame_, other.frame_);
    return *this;
  }
  ~TaskHandle() { release(); }

  /// Asks the task to stop; true unless it is done already. The task is unwound in its own turn, never inside this
  /// call; what it was given before that it keeps. Asking again counts in `cancelling()` and changes nothing else.
  /// The first `reason` that is not empty becomes the text of the CancelledError.
  ///
  /// `where` is left out: it is the caller's place, which debug::why_cancelled tells in debug mode, with the task that called, to
  /// whoever asks why a task was cancelled.
  /// Complexity: constant; a task that awaits others is asked to stop at once, and they in their turn.
  bool cancel(detail::Location where = detail::Location::here()) { return detail::cancel_task(frame(), where); }
  bool cancel(std::string reason, detail::Location where = detail::Location::here()) {
    return detail::cancel_task(frame(), std::move(reason), where);
  }
  /// How often `cancel` was called on it. A timeout's or a group's stop does not count.
  [[nodiscard]] std::size_t cancelling() const { return detail::cancelling(frame()); }
  /// True once the task has ended, whichever way.
  [[nodiscard]] bool done() const { return frame()->done(); }
  /// True if the task was stopped, or left by an uncaught CancelledError.
  [[nodiscard]] bool cancelled() const { return done() && frame_->ended == detail::Ended::cancelled; }
  /// What the task gave. Errors: what it threw; CancelledError; InvalidStateError if it is not done or if the result was
  /// moved out.
  decltype(auto) result() const {
    detail::check_result(frame());
    if constexpr (std::is_reference_v<T>) {
      return detail::ResultSlot<T>::take(frame_);
    } else if constexpr (!std::is_void_v<T>) {
      return std::as_const(detail::ResultSlot<T>::get(frame_));
    }
  }
  /// What the task threw; null if it gave a value. Errors: CancelledError, InvalidStateError as for `result`.
  [[nodiscard]] std::exception_ptr exception() const {
    if (done() && frame_->ended == detail::Ended::exception) {
      frame_->set(detail::kRetrieved);
      return frame_->error();
    }
    detail::check_result(frame_);
    return nullptr;
  }
  /// The name given in TaskOptions or by `set_name`; "Task-1" and so on otherwise, numbered when first asked.
  [[nodiscard]] std::string name() const { return detail::name_of(frame()); }
  /// Gives the task another name.
  void set_name(std::string name) { detail::details_of(frame()).name = std::move(name); }

  /// Calls `fn(handle)` (or `fn()`) from the loop once the task has ended, in the order in which callbacks and waiters
  /// came; in the next pass if it is done already. What it throws goes to the exception handler.
  template <class F>
    requires std::is_invocable_v<F&, const TaskHandle&> || std::is_invocable_v<F&>
  DoneCallbackId add_done_callback(F fn) {
    Callback<void()> call;
    if constexpr (std::is_invocable_v<F&, const TaskHandle&>) {
      call = [self = *this, fn = std::move(fn)]() mutable { fn(std::as_const(self)); };
    } else {
      call = [self = *this, fn = std::move(fn)]() mutable { fn(); };
    }
    return detail::add_done_callback(frame()->waiters, frame()->done(), std::move(call));
  }
  /// Takes a callback back; false if it has run or was taken back before.
  bool remove_done_callback(DoneCallbackId id) noexcept {
    return frame_ != nullptr && detail::remove_done_callback(frame_->waiters, id);
  }

  /// True if both refer to the same task.
  friend bool operator==(const TaskHandle& a, const TaskHandle& b) noexcept { return a.frame_ == b.frame_; }
  /// False for a handle that was moved from.
  [[nodiscard]] bool valid() const noexcept { return frame_ != nullptr; }

  /// Waits for the end of the task and gives a `const T&` into it, or the value itself to `co_await std::move(handle)`. Errors: what
  /// the task threw; CancelledError if it was cancelled.
  auto operator co_await() const& { return detail::HandleAwaiter<T>(frame()); }
  auto operator co_await() && {
    (void)frame();
    return OwningAwaiter(std::move(*this));
  }

 private:
  friend struct detail::HandleAccess;

  // For `co_await std::move(handle)` and `co_await create_task(…)`.
  struct [[nodiscard]] OwningAwaiter final : detail::TaskWaiter {
    explicit OwningAwaiter(TaskHandle handle) noexcept
        : detail::TaskWaiter(handle.frame_), handle_(std::move(handle)) {}
    T await_resume() { return std::move(handle_).take(); }
    TaskHandle handle_;
  };

  [[nodiscard]] EDDY_INLINE detail::Frame* frame() const {
    if (frame_ == nullptr) [[unlikely]] detail::throw_empty_handle();
    return frame_;
  }
  explicit TaskHandle(detail::Frame* frame) noexcept : frame_(frame) { ++frame->count; }
  EDDY_INLINE void release() noexcept {
    if (frame_ != nullptr) detail::release_result<T>(std::exchange(frame_, nullptr));
  }
  // The result, moved if nobody else can ask for it.
  T take() && {
    detail::check_result(frame());
    if constexpr (std::is_reference_v<T>) {
      return detail::ResultSlot<T>::take(frame_);
    } else if constexpr (!std::is_void_v<T>) {
      if constexpr (std::is_copy_constructible_v<T>) {
        if (frame_->count > 1) return detail::ResultSlot<T>::get(frame_);
      }
      struct Taken {
        detail::Frame* frame;
        ~Taken() { detail::ResultSlot<T>::destroy(frame); }
      } taken{frame_};
      return std::move(detail::ResultSlot<T>::get(frame_));
    }
  }

  detail::Frame* frame_ = nullptr;
};

namespace detail {

struct HandleAccess {
  template <class T>
  static TaskHandle<T> make(Frame* frame) noexcept {
    return TaskHandle<T>(frame);
  }
  template <class T>
  static Frame* frame(const TaskHandle<T>& handle) {
    return handle.frame();
  }
  template <class T>
  static T take(TaskHandle<T>&& handle) {
    return std::move(handle).take();
  }
};

template <class T>
inline constexpr bool is_handle = false;
template <class T>
inline constexpr bool is_handle<TaskHandle<T>> = true;

}  // namespace detail
}  // namespace eddy::inline EDDY_ABI
