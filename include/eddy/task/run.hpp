// run: makes a loop, runs a task on it, ends what is left, and gives the task's value.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/task/create_task.hpp>
#include <eddy/task/runner.hpp>

#include <type_traits>
#include <utility>

namespace eddy::inline EDDY_ABI {

/// Runs `task` on a new loop and returns its value, once everything else that it started has ended, too.
///
/// When main has ended, the tasks that are left are cancelled and get `RunOptions::grace`; those that still do not stop are
/// left alone and named in a RuntimeError, into which main's own error is nested.
///
/// Errors: what the task throws; CancelledError if it was cancelled; KeyboardInterrupt if SIGINT stopped it (on the main
/// thread, if SIGINT has its default action; a second SIGINT ends the process); DeadlockError on a virtual clock when
/// nothing can ever run again; RuntimeError if a loop already runs in this thread, with the task destroyed unrun, and if
/// `EventLoop::stop` was called before the task had ended: then it is one of those that are left, and what it throws is
/// nested into the RuntimeError. While the rest is ended, `stop` means nothing.
/// Threads: any; one loop a thread. Source: asyncio.run.
template <class T>
T run(Task<T> task, RunOptions options = {}) {
  return Runner(options).run_once(std::move(task));
}
template <class T, class... Options>
  requires(sizeof...(Options) > 1 || (!std::is_convertible_v<Options, RunOptions> || ...))
auto run(Task<T>, Options&&...) {
  static_assert(detail::always_false<T>, "eddy: options have names: write run(task, {.debug = true}), or run(fn, argument) for a function");
}

/// The same for a coroutine function and its arguments: `run(main_task, argc, argv)`. The function and copies of the
/// arguments live as long as the task.
template <class F, class... Args>
  requires(!detail::is_task<std::remove_cvref_t<F>>)
auto run(F&& fn, Args&&... args) {
  if constexpr (detail::check_task_function<F, Args...>())
    return run(detail::own_call(std::forward<F>(fn), std::forward<Args>(args)...));
}

}  // namespace eddy::inline EDDY_ABI
