// Task<T>: a coroutine that runs when it is awaited or handed to the loop, and gives a T.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/error.hpp>
#include <eddy/base/fwd.hpp>
#include <eddy/task/promise.hpp>

#include <coroutine>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <type_traits>
#include <utility>

namespace eddy::inline EDDY_ABI {

namespace detail {

// Awaiting a Task runs it in the awaiter's own turn: the child joins the strand and is entered directly. The awaiter owns
// the child, since g++ 12 makes all awaiters of an expression before it awaits the first, and one of those that follow may
// never be awaited.
template <class T>
class [[nodiscard]] TaskAwaiter {
 public:
  using EddyAwaiter = void;
  explicit TaskAwaiter(Frame* child) noexcept : child_(child) {}
  TaskAwaiter(const TaskAwaiter&) = delete;
  TaskAwaiter& operator=(const TaskAwaiter&) = delete;
  ~TaskAwaiter() {
    if (child_ != nullptr) child_->handle().destroy();
  }

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  template <class P>
  EDDY_SUSPEND std::coroutine_handle<> await_suspend(std::coroutine_handle<P> handle) noexcept {
    Frame* parent = frame_of(handle);
    Frame* root = parent->root;
    Frame* child = child_;
    child->parent = parent;
    child->root = root;
    child->holder = &child_;  // who unwinds the strand destroys the child and says so here
    return hop(root, child);
  }
  EDDY_INLINE T await_resume() {  // a frame of its own would double the cost of an exception
    const Reaper reaper{std::exchange(child_, nullptr)};
    Frame* child = reaper.frame;
    if (child->ended != Ended::value) [[unlikely]] {
      if (child->ended == Ended::no) set_missing_value(child);
      std::exception_ptr error = std::move(child->error());
      child->error().~exception_ptr();
      child->ended = Ended::taken;
      std::rethrow_exception(std::move(error));
    }
    return ResultSlot<T>::take(child);
  }

 private:
  struct Reaper {
    Frame* frame;
    ~Reaper() { frame->handle().destroy(); }
  };
  Frame* child_;
};

struct TaskAccess;

void drop_unstarted(Frame* frame) noexcept;  // in cancellation.hpp
[[noreturn]] void throw_empty_task();         // in misuse.hpp

// The coroutine of a Task<T> came to its end without co_return, which g++ compiles in silence.
EDDY_COLD inline void set_missing_value(Frame* frame) noexcept {
  const Location& at = frame->location;
  try {
    throw RuntimeError(std::string("eddy: the coroutine that was last at ") + at.file() + ':' + std::to_string(at.line()) +
                       " ended without a co_return, so its Task has no value: give one on every way through it");
  } catch (...) {
    frame->set_error(Ended::exception, std::current_exception());
  }
}

#if defined(EDDY_CLOSURE_PRVALUES_BREAK)
[[noreturn]] EDDY_COLD inline void stop_for_copied_task() noexcept {
  std::fputs(
      "eddy: g++ before 13 has copied a Task bit by bit, because it was made by `c ? f() : g()` or in an aggregate inside an "
      "awaited expression; make it in a statement before: `auto task = c ? f() : g(); co_await std::move(task);`\n",
      stderr);
  std::abort();
}
#endif

}  // namespace detail

/// A lazy coroutine: nothing of its body runs before it is awaited or given to `create_task`, `run` or a combinator.
/// `co_await task` completes with what the body returns, or throws what it threw.
///
/// It is awaited once; a second time, and on a moved-from Task, `co_await` throws InvalidStateError. Dropping a Task
/// that never ran destroys its arguments and does nothing else. The coroutine's parameters are its own: take them by
/// value, or by lvalue reference to something that outlives the Task; `T&&` is refused.
///
/// Cancellation: a task that is cancelled while it waits is unwound, see docs/design.md. Threads: one loop's. Complexity:
/// one allocation, recycled per thread. Source: an asyncio coroutine object.
template <class T>
class [[nodiscard("a Task does nothing until it is awaited: co_await it or pass it to create_task")]] Task {
  static_assert(!std::is_const_v<T>, "eddy: a Task gives its value away: write Task<T> in place of Task<const T>");

 public:
  using promise_type = detail::Promise<T>;
  /// What awaiting gives.
  using value_type = T;

  /// An empty Task.
  Task() noexcept = default;
  Task(const Task&) = delete;  // a Task runs once, so it cannot be copied: write std::move(task)
  Task(Task&& other) noexcept : frame_(other.take()) { keep(); }
  template <class U>
  Task(const TaskHandle<U>&) {
    static_assert(detail::always_false<U>, "eddy: create_task gives a TaskHandle<T>: write auto handle = create_task(…)");
  }
  Task& operator=(const Task&) = delete;
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      reset();
      frame_ = other.take();
      keep();
    }
    return *this;
  }
  ~Task() { reset(); }

  /// False once it was awaited, started or moved from.
  [[nodiscard]] bool valid() const noexcept { return frame_ != nullptr; }

  /// Runs it in the awaiting task and gives its result. Errors: what it throws; InvalidStateError if it is used up.
  auto operator co_await() {
    if (frame_ == nullptr) detail::throw_empty_task();
    return detail::TaskAwaiter<T>(take());
  }

 private:
  friend detail::Promise<T>;
  friend detail::TaskAccess;
  explicit Task(detail::Frame* frame) noexcept : frame_(frame) { keep(); }
  // The frame knows where its Task is, so that a compiler that moves one bit by bit is found out.
  void keep() noexcept {
    if (frame_ != nullptr) frame_->holder = &frame_;
  }
  detail::Frame* take() noexcept {
#if defined(EDDY_CLOSURE_PRVALUES_BREAK)
    if (frame_ != nullptr && frame_->holder != &frame_) [[unlikely]] detail::stop_for_copied_task();
#endif
    return std::exchange(frame_, nullptr);
  }
  void reset() noexcept {
    if (frame_ != nullptr) [[unlikely]] detail::drop_unstarted(std::exchange(frame_, nullptr));
  }

  detail::Frame* frame_ = nullptr;
};

namespace detail {

struct TaskAccess {
  template <class T>
  static Frame* frame(const Task<T>& task) noexcept {
    return task.frame_;
  }
  template <class T>
  static Frame* release(Task<T>& task) {
    if (task.frame_ == nullptr) throw_empty_task();
    return task.take();
  }
  // The same where the caller has seen that there is one, and which.
  template <class T>
  static void release(Task<T>& task, [[maybe_unused]] Frame* frame) noexcept {
#if defined(EDDY_CLOSURE_PRVALUES_BREAK)
    if (frame->holder != &task.frame_) [[unlikely]] stop_for_copied_task();
#endif
    task.frame_ = nullptr;
  }
  // The frame is no longer the Task's to destroy.
  template <class T>
  static void forget(Task<T>& task) noexcept {
    task.frame_ = nullptr;
  }
};

}  // namespace detail
}  // namespace eddy::inline EDDY_ABI

// The parameters' declared types are seen here only.
template <class T, class... Args>
struct std::coroutine_traits<eddy::Task<T>, Args...> {
  static_assert(!(std::is_rvalue_reference_v<Args> || ...),
                "eddy: a coroutine's parameter of type T&& would dangle after the first suspension: take it by value");
  using promise_type = typename eddy::Task<T>::promise_type;
};
