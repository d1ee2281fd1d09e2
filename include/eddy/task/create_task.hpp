// create_task: hands a task to the running loop.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/callable.hpp>
#include <eddy/task/context_var.hpp>
#include <eddy/task/task_handle.hpp>

#include <cstddef>
#include <string_view>
#include <type_traits>
#include <utility>

namespace eddy::inline EDDY_ABI {

/// How `create_task` starts a task.
struct TaskOptions {
  std::string_view name = {};  ///< its name; read during the call only
  bool eager_start = false;    ///< run it up to its first suspension inside create_task; beyond 32 nested ones it is queued
};

namespace detail {

// Runs `fn(args…)` in a coroutine that owns both, so that captures and temporaries live as long as the task.
template <class F, class... Args>
Task<AwaitResult<std::invoke_result_t<F&, Args...>>> call_owned(F fn, Args... args) {
  co_return co_await fn(std::move(args)...);
}

template <class F, class... Args>
constexpr bool check_gives_awaitable() {
  static_assert(Awaitable<std::invoke_result_t<F, Args...>>,
                "eddy: this function gives nothing that can be awaited: a task is made from a coroutine that returns "
                "eddy::Task, for a lambda []() -> eddy::Task<> { … } (for a plain function there is eddy::to_thread)");
  return Awaitable<std::invoke_result_t<F, Args...>>;
}

// To be used as a condition. What a task is given belongs to it, so it must be possible to copy or move it there.
template <class... Args>
constexpr bool check_owned() {
  constexpr bool kOwned = (std::is_constructible_v<std::decay_t<Args>, Args> && ...);
  static_assert(kOwned,
                "eddy: a task owns its function and arguments, and one of these cannot be copied: std::move it, or give std::ref");
  return kOwned;
}

template <class F, class... Args>
constexpr bool check_task_function() {
  static_assert(!Awaitable<F> && !std::is_member_pointer_v<std::decay_t<F>>,
                "eddy: this is no function: what can only be awaited, or is a member of an object, is given in a lambda: "
                "[&]() -> eddy::Task<> { co_await …; }");
  static_assert(std::is_invocable_v<std::decay_t<F>&, std::decay_t<Args>...>,
                "eddy: this function cannot be called with these arguments as a task: the task owns copies of them, so an "
                "argument that the function takes by non-const reference must be given as std::ref");
  check_callable<F>();
  if constexpr (std::is_invocable_v<std::decay_t<F>&, std::decay_t<Args>...> && !std::is_member_pointer_v<std::decay_t<F>>) {
    if constexpr (check_owned<F, Args...>()) return check_gives_awaitable<std::decay_t<F>&, std::decay_t<Args>...>();
  }
  return false;
}

// `fn(args…)` as a lazy task that owns both.
template <class F, class... Args>
auto own_call(F&& fn, Args&&... args) {
  return call_owned<std::decay_t<F>, std::decay_t<Args>...>(std::forward<F>(fn), std::forward<Args>(args)...);
}

EDDY_NOINLINE inline void set_context(EventLoop& loop, Frame* root, const ContextPointer& context) {
  details_of(root).context = context;
  EventLoop::Internals::scheduler(loop).contexts = true;
}

// Gives `root` its name and its copy of the running context. All that can throw of starting a task.
inline void prepare_task(EventLoop& loop, Frame* root, const TaskOptions& options) {
  if (!options.name.empty()) details_of(root).name = options.name;
  if (const ContextPointer* context = EventLoop::Internals::context(loop)) [[unlikely]] set_context(loop, root, *context);
}

// Makes `root` a strand that the loop owns, and queues it for its first step.
inline void start_strand(EventLoop& loop, Frame* root, bool queued = true) noexcept {
  Scheduler& scheduler = EventLoop::Internals::scheduler(loop);
  root->loop = &scheduler;
  root->leaf = root;
  root->state = State::start;
  root->set(kHeld);
  scheduler.tasks.push_back(root);
  if (queued) scheduler.ready.push(static_cast<ReadyNode*>(root));
}

// The same as a task, with an identity of its own.
inline void start_task(EventLoop& loop, Frame* root, bool eager) noexcept {
  root->set(kTask);
  start_strand(loop, root, !eager);
  if (root->loop->closing) [[unlikely]] mark_cancelled(root);
  if (eager) root->loop->run_now(root);
}

template <class T>
EDDY_INLINE TaskHandle<T> create_task_on(EventLoop& loop, Task<T>&& task, const TaskOptions& options) {
  EventLoop::Internals::check_open(loop);
  Frame* root = TaskAccess::frame(task);
  if (root == nullptr) [[unlikely]] throw_empty_task();
  prepare_task(loop, root, options);
  TaskAccess::release(task, root);
  auto handle = HandleAccess::make<T>(root);
  start_task(loop, root, options.eager_start);
  return handle;
}

template <class Option>
auto refuse_option() {
  static_assert(always_false<Option>, "eddy: options have names: write create_task(task, {.name = \"reader\"})");
}

EDDY_INLINE EventLoop& loop_for_create_task() {
  EventLoop* loop = running_loop_slot();
  if (loop == nullptr) throw_no_loop("create_task()");
  return *loop;
}

}  // namespace detail

/// Hands a task to the running loop, which starts it in a later turn, in the order of these calls; nothing of its body
/// runs inside the call. The loop owns it: the handle may be dropped.
///
/// Errors: NoRunningLoop; LoopClosed; InvalidStateError for a Task that was used before (then nothing is started, and
/// the task is destroyed unrun). While `run` ends, a new task is cancelled before its first step.
/// Threads: for the loop's thread; from others use `run_coroutine_threadsafe`.
/// Complexity: constant, no allocation beyond the task's own. Source: asyncio.create_task.
template <class T>
TaskHandle<T> create_task(Task<T> task, TaskOptions options) {
  return detail::create_task_on(detail::loop_for_create_task(), std::move(task), options);
}
template <class T>
TaskHandle<T> create_task(Task<T> task) {
  return detail::create_task_on(detail::loop_for_create_task(), std::move(task), {});
}
template <class T, class Option>
  requires(!std::is_convertible_v<Option, TaskOptions>)
auto create_task(Task<T>, Option&&) {
  return detail::refuse_option<Option>();
}

/// The same for `fn(args…)`, a coroutine function and its arguments. Both are moved or copied into the task, so captures
/// and temporaries stay alive; a parameter taken by non-const reference needs std::ref.
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

}  // namespace eddy::inline EDDY_ABI
