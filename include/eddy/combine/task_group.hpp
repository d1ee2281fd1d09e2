// task_group: a scope for tasks. It ends when all of them have ended, and no error is lost.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/callable.hpp>
#include <eddy/base/exception_group.hpp>
#include <eddy/base/reference.hpp>
#include <eddy/task/child_group.hpp>
#include <eddy/task/create_task.hpp>
#include <eddy/task/future.hpp>

#include <exception>
#include <new>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace eddy::inline EDDY_ABI {

/// What the body of `task_group` gets, to add tasks to the group. It may be handed on to the group's tasks. Source: asyncio.TaskGroup.
class TaskGroup : detail::ChildGroup {
 public:
  template <class Called = void>
  TaskGroup() noexcept(refuse<Called>());
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  /// Adds a task, as eddy::create_task does. Dropping the handle loses nothing: the group has the error. Errors:
  /// RuntimeError, with the task destroyed unrun, once the group is stopping (a task failed, it was cancelled) or has ended.
  template <class T>
  EDDY_INLINE TaskHandle<T> create_task(Task<T> task, TaskOptions options = {}) {
    check_open();
    detail::Frame* child = detail::TaskAccess::frame(task);
    if (child == nullptr) [[unlikely]] detail::throw_empty_task();
    detail::prepare_task(EventLoop::Internals::loop(loop()), child, options);
    detail::TaskAccess::release(task, child);
    TaskHandle<T> handle = detail::HandleAccess::make<T>(child);
    start_child_later(child, options.eager_start && !stopping_);
    if (stopping_) loop().request_stop(child);  // the caller is being cancelled: it never runs
    return handle;
  }
  template <class T, class Option>
    requires(!std::is_convertible_v<Option, TaskOptions>)
  auto create_task(Task<T>, Option&&) {
    return detail::refuse_option<Option>();
  }
  /// The same for `fn(args…)`, which the task owns.
  template <class F, class... Args>
    requires(!detail::is_task<std::remove_cvref_t<F>> && !std::is_same_v<std::remove_cvref_t<F>, TaskOptions>)
  auto create_task(TaskOptions options, F&& fn, Args&&... args) {
    if constexpr (detail::check_task_function<F, Args...>())
      return create_task(detail::own_call(std::forward<F>(fn), std::forward<Args>(args)...), options);
  }
  template <class F, class... Args>
    requires(!detail::is_task<std::remove_cvref_t<F>> && !std::is_same_v<std::remove_cvref_t<F>, TaskOptions>)
  auto create_task(F&& fn, Args&&... args) {
    return create_task(TaskOptions{}, std::forward<F>(fn), std::forward<Args>(args)...);
  }
  /// Adds the task `fn(started, args…)` and completes once it has called `started(value)` (a FutureSetter<T>), with that
  /// value; the task runs on. Cancellation: a cancel before that cancels the task. Errors: what the task threw before
  /// it called `started` (the group then goes on); BrokenPromise if it ended without. Source: trio's Nursery.start.
  template <class T = void, class F, class... Args>
  Task<T> start(F&& fn, Args&&... args) {
    constexpr bool kCallable = std::is_invocable_v<std::decay_t<F>&, FutureSetter<T>, std::decay_t<Args>...>;
    static_assert(kCallable,
                  "eddy: TaskGroup::start<T> calls a function with an eddy::FutureSetter<T> and copies of these arguments "
                  "(std::ref for a non-const reference)");
    detail::check_callable<F>();
    if constexpr (kCallable) {
      if constexpr (detail::check_owned<F, Args...>() &&
                    detail::check_gives_awaitable<std::decay_t<F>&, FutureSetter<T>, std::decay_t<Args>...>())
        return start_owned<T, std::decay_t<F>, std::decay_t<Args>...>(std::forward<F>(fn), std::forward<Args>(args)...);
    }
  }
  /// Stops the body and all tasks; the group then ends without an error of its own. A body that gives a T and was
  /// stopped makes the group throw CancelledError. Source: trio's cancel_scope.cancel().
  void cancel() noexcept {
    cancelled_ = true;
    stop_all();
  }
  /// True once no task can be added any more.
  [[nodiscard]] bool closing() const noexcept { return refusing_ || ended_; }

 protected:
  explicit TaskGroup(std::in_place_t) noexcept : detail::ChildGroup() {}
  ~TaskGroup() = default;

  bool begin(detail::Frame* frame, detail::Suspension* self) noexcept {
    parent = frame;
    return detail::park(frame, self);
  }
  void start_body(detail::Frame* body) noexcept {
    body_ = body;
    start_child(body, false);
  }
  [[nodiscard]] detail::Suspension* suspension() noexcept { return this; }
  void throw_errors() {
    if (!errors_.empty()) throw ExceptionGroup(std::move(errors_));
    if (out_of_memory_) throw std::bad_alloc();
  }

 private:
  template <class T, class F, class... Args>
  Task<T> start_owned(F fn, Args... args) {
    Future<T> started(get_running_loop());
    struct CancelUnlessStarted {
      CancelUnlessStarted(Future<T> future, TaskHandle<> handle) : started(std::move(future)), task(std::move(handle)) {}
      CancelUnlessStarted(const CancelUnlessStarted&) = delete;
      ~CancelUnlessStarted() {
        if (!started.done() || started.cancelled()) task.cancel(detail::Location());
      }
      Future<T> started;
      TaskHandle<> task;
    };
    const CancelUnlessStarted guard(started, create_task(run_started<T, F, Args...>(started, std::move(fn), std::move(args)...)));
    if constexpr (std::is_void_v<T>) {
      co_await started;
    } else {
      co_return T(co_await started);
    }
  }
  template <class T, class F, class... Args>
  static Task<> run_started(Future<T> started, F fn, Args... args) {
    std::exception_ptr error;
    try {
      co_await fn(FutureSetter<T>(started, false), std::move(args)...);
    } catch (...) {
      if (started.done()) throw;
      error = std::current_exception();
    }
    if (started.done()) co_return;
    started.set_exception(error ? std::move(error) : detail::make_error<BrokenPromise>());
  }

  template <class Called>
  static constexpr bool refuse() {
    static_assert(!std::is_void_v<Called>, "eddy: a task group is made for its body: write co_await task_group([](TaskGroup& g) -> Task<> { … })");
    return true;
  }
  void check_open() const {
    if (ended_) detail::throw_misuse<RuntimeError>("the task group has ended and takes no more tasks");
    if (refusing_) detail::throw_misuse<RuntimeError>("the task group is stopping and takes no more tasks");
  }
  void stop_all() noexcept {
    refusing_ = true;
    if (std::exchange(stopping_, true)) return;
    stop_tasks_and_body();
    loop().deliver_stops();
  }
  // The body last, as in asyncio, where its own stop comes by the group's; a cancel from outside meets the body first.
  void stop_tasks_and_body() noexcept {
    for_each_child([this](detail::Frame* child) {
      if (child != body_) loop().request_stop(child);
    });
    loop().request_stop(body_);
  }
  void child_done(detail::Frame* child) noexcept override {
    child_ended(child);
    if (child->ended != detail::Ended::value) [[unlikely]] note_failed(child);
    const bool last = !has_children();
    if (child != body_ && child->count == 0) {  // nobody has a handle
      detail::drop_outcome(child);
      detail::free_frame(child);
    }
    if (last) end();
  }
  EDDY_NOINLINE void note_failed(detail::Frame* child) noexcept {
    if (child->ended == detail::Ended::exception) {
      if ((child == body_ && detail::is_cancelled_error(child->error())) || add_error(child->error())) child->set(detail::kRetrieved);
      stop_all();
    } else if (child->ended == detail::Ended::cancelled && stopping_) {
      stopped_ = true;
    }
  }
  EDDY_NOINLINE void end() noexcept {
    ended_ = true;
    if (errors_.empty() && !out_of_memory_ && stopped_ && parent_stops() && !cancelled_) {
      unwind_parent();
    } else {
      resume_parent();
    }
  }
  // An error that came by two ways, out of a task and out of the body that awaited it, is one error. False if there is no
  // memory to keep it: then it stays with the task, whose last handle reports it.
  bool add_error(const std::exception_ptr& error) noexcept {
    for (const std::exception_ptr& known : errors_) {
      if (known == error) return true;
    }
    try {
      errors_.push_back(error);
    } catch (const std::bad_alloc&) {
      out_of_memory_ = true;
    }
    return !out_of_memory_;
  }
  CancelResult try_cancel(bool) noexcept override {
    if (!std::exchange(stopping_, true)) stop_children();
    return CancelResult::later;
  }
  [[nodiscard]] const char* waits_for() const noexcept override { return "a task group"; }

  detail::Frame* body_ = nullptr;
  std::vector<std::exception_ptr> errors_;
  bool stopping_ = false;
  bool refusing_ = false;   // a task failed, or cancel() was called
  bool cancelled_ = false;  // cancel() was called: what the group was for is done
  bool stopped_ = false;
  bool ended_ = false;
  bool out_of_memory_ = false;  // an error could not be kept
};

namespace detail {

template <class F, class... Args>
class [[nodiscard("a task group does nothing until it is awaited: co_await it")]] TaskGroupAwaiter final : public TaskGroup {
  static auto call(F& fn, TaskGroup& group, Args&... args) { return own_call(std::move(fn), std::ref(group), std::move(args)...); }

 public:
  using EddyAwaiter = void;
  using T = typename decltype(call(std::declval<F&>(), std::declval<TaskGroup&>(), std::declval<Args&>()...))::value_type;

  template <class G, class... As>
  explicit TaskGroupAwaiter(std::in_place_t tag, G&& fn, As&&... args)
      : TaskGroup(tag), fn_(std::forward<G>(fn)), args_(std::forward<As>(args)...) {}
  TaskGroupAwaiter(TaskGroupAwaiter&& other) noexcept
      : TaskGroup(std::in_place), fn_(std::move(other.fn_)), args_(std::move(other.args_)) {}

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  template <class P>
  EDDY_SUSPEND void await_suspend(std::coroutine_handle<P> handle) {
    Frame* frame = frame_of(handle);
    body_.emplace(std::apply([this](Args&... args) { return call(fn_, *this, args...); }, args_));
    if (begin(frame, suspension())) start_body(body_->frame());
  }
  T await_resume() {
    throw_errors();
    if (body_->cancelled()) {
      if constexpr (std::is_void_v<T>) return;
      throw CancelledError("the task group was cancelled before its body gave a value");
    }
    if (!body_->has_value()) std::rethrow_exception(body_->take_error());  // left by a CancelledError
    return body_->take();
  }

 private:
  F fn_;
  std::tuple<Args...> args_;
  std::optional<ChildSlot<T>> body_;
};

}  // namespace detail

/// Runs `body(group, args…)`, which adds tasks to the group, and completes with what the body gave once it and all the
/// tasks have ended. The first failure, of a task or of the body, cancels all others.
///
/// Cancellation: goes to the body and all tasks; they have ended before the caller is unwound. A task that ends as
/// cancelled is no error. Errors: all errors, the body's among them, in one ExceptionGroup; a group inside a group nests.
/// std::bad_alloc if there is no memory to keep any of them.
/// Complexity: no allocation beyond the tasks' own. Source: asyncio.TaskGroup, trio's nursery.
template <class F, class... Args>
auto task_group(F&& body, Args&&... args) {
  constexpr bool kCallable = std::is_invocable_v<std::decay_t<F>&, TaskGroup&, std::decay_t<Args>...>;
  static_assert(kCallable, "eddy: the body of task_group is a function that takes an eddy::TaskGroup& first and returns a Task");
  detail::check_callable<F>();
  if constexpr (kCallable) {
    if constexpr (detail::check_owned<F, Args...>() &&
                  detail::check_gives_awaitable<std::decay_t<F>&, TaskGroup&, std::decay_t<Args>...>())
      return detail::TaskGroupAwaiter<std::decay_t<F>, std::decay_t<Args>...>(std::in_place, std::forward<F>(body),
                                                                             std::forward<Args>(args)...);
  }
}

}  // namespace eddy::inline EDDY_ABI
