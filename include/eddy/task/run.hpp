// run: makes a loop, runs a task on it, ends what is left, and gives the task's value.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/nested_error.hpp>
#include <eddy/base/time.hpp>
#include <eddy/loop/event_loop.hpp>
#include <eddy/loop/signal_wakeup.hpp>
#include <eddy/task/create_task.hpp>
#include <eddy/task/current_task.hpp>

#include <exception>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace eddy::inline EDDY_ABI {

/// How `run` runs.
struct RunOptions {
  Clock* clock = nullptr;                                ///< null: real time. It must outlive the call.
  Duration grace = std::chrono::seconds(5);              ///< for what is left when main has ended, in real time
  bool debug = false;                                    ///< switches debug mode on
  void (*on_exception)(const ExceptionContext&) = nullptr;  ///< see EventLoop::set_exception_handler
};

namespace detail {

// The passes of one `run`, whatever its task gives.
class RunLoop {
 public:
  RunLoop(EventLoop& loop, const RunOptions& options)
      : loop_(loop), scheduler_(EventLoop::Internals::scheduler(loop)), options_(options), running_(loop),
        signals_(*EventLoop::Internals::waker(loop)) {
    if (options.debug) loop.set_debug(true);
    if (options.on_exception != nullptr) loop.set_exception_handler(options.on_exception);
  }

  // Until `main` has ended. A SIGINT cancels it; so does a deadlock on a clock that cannot wait.
  void until_done(Frame* main) {
    while (!main->done()) {
      EventLoop::Internals::pass(loop_, TimePoint::max());
      if (EventLoop::Internals::waker(loop_)->take_signal() && signals_.interrupted() && !interrupted_) {
        interrupted_ = true;
        cancel_task(main, "interrupted by SIGINT");
      }
      if (EventLoop::Internals::deadlocked(loop_)) break_deadlock(main);
    }
  }

  // Ends everything that main left behind; what does not end in time is left alone and named in `stuck`.
  std::string end_leftovers() {
    scheduler_.closing = true;
    for (Frame* task = scheduler_.tasks.front(); task != nullptr; task = scheduler_.tasks.after(task)) {
      if (task->has(kTask)) mark_cancelled(task);
    }
    scheduler_.deliver_stops();
    for (CloseHook* hook = hooks().front(); hook != nullptr; hook = hooks().after(hook)) hook->begin_close();
    const TimePoint limit = saturating_add(real_now(), options_.grace);
    while (!scheduler_.tasks.empty() || !scheduler_.ready.empty() || !hooks_closed()) {
      if (real_now() >= limit) return describe_stuck();
      EventLoop::Internals::pass(loop_, limit);
      if (std::exchange(EventLoop::Internals::deadlocked(loop_), false) && !break_waits() && hooks_closed()) return describe_stuck();
    }
    return {};
  }

  [[nodiscard]] bool interrupted() const noexcept { return interrupted_; }
  [[nodiscard]] const std::string& deadlock() const noexcept { return deadlock_; }

 private:
  static TimePoint real_now() noexcept { return TimePoint(std::chrono::steady_clock::now()); }
  CloseHooks& hooks() noexcept { return EventLoop::Internals::close_hooks(loop_); }
  bool hooks_closed() noexcept {
    for (CloseHook* hook = hooks().front(); hook != nullptr; hook = hooks().after(hook)) {
      if (!hook->closed()) return false;
    }
    return true;
  }
  void break_deadlock(Frame* main) {
    EventLoop::Internals::deadlocked(loop_) = false;
    if (deadlock_.empty()) {
      deadlock_ = "eddy: deadlock: nothing can ever run again" + describe_strands(scheduler_);
      cancel_task(main, deadlock_);
    } else {
      break_waits();
    }
  }
  // Tasks that await each other in a cycle are told twice: the second time they leave without waiting.
  bool break_waits() {
    bool broken = false;
    for_each_strand(scheduler_, [&](Frame* root) {
      const bool waits = root->state == State::suspended || root->state == State::leaving;
      if (!waits || !root->has(kStop)) return;
      if (root->suspension->try_cancel(true) != CancelResult::stopped) return;
      root->state = State::suspended;
      scheduler_.unwind_later(root);
      broken = true;
    });
    return broken;
  }
  std::string describe_stuck() { return "eddy: run() ends while tasks do not stop" + describe_strands(scheduler_); }

  EventLoop& loop_;
  Scheduler& scheduler_;
  const RunOptions& options_;
  EventLoop::Internals::Running running_;
  SignalWakeup signals_;
  bool interrupted_ = false;
  std::string deadlock_;
};

// The error that `run` throws in place of, or over, main's outcome; null if there is none.
inline std::exception_ptr run_error(const RunLoop& passes, Frame* main, const std::string& stuck) {
  if (!stuck.empty()) return std::make_exception_ptr(RuntimeError(stuck));
  if (main->ended == Ended::cancelled) {
    if (passes.interrupted()) return std::make_exception_ptr(KeyboardInterrupt());
    if (!passes.deadlock().empty()) return std::make_exception_ptr(DeadlockError(passes.deadlock()));
  }
  return nullptr;
}

}  // namespace detail

/// Runs `task` on a new loop and returns its value, once everything else that it started has ended, too.
///
/// When main has ended, the tasks that are left are cancelled and get `RunOptions::grace`; those that still do not stop are
/// left alone and named in a RuntimeError, into which main's own error is nested.
///
/// Errors: what the task throws; CancelledError if it was cancelled; KeyboardInterrupt if SIGINT stopped it (on the main
/// thread, if SIGINT has its default action; a second SIGINT ends the process); DeadlockError on a virtual clock when
/// nothing can ever run again; RuntimeError if a loop already runs in this thread, with the task destroyed unrun.
/// Threads: any; one loop a thread. Source: asyncio.run.
template <class T>
T run(Task<T> task, RunOptions options = {}) {
  if (!task.valid()) detail::throw_empty_task();
  EventLoop loop(options.clock);
  TaskHandle<T> main;
  std::exception_ptr error;
  {
    detail::RunLoop passes(loop, options);
    main = detail::create_task_on(loop, std::move(task), {.name = "main"});
    detail::Frame* frame = detail::HandleAccess::frame(main);
    passes.until_done(frame);
    const std::string stuck = passes.end_leftovers();
    error = detail::run_error(passes, frame, stuck);
    if (error && !stuck.empty() && frame->ended == detail::Ended::exception) {
      frame->set(detail::kRetrieved);
      detail::throw_displacing(error, frame->error(), [](std::exception_ptr) {});
    }
  }
  if (error) std::rethrow_exception(error);
  return detail::HandleAccess::take(std::move(main));
}

/// The same for a coroutine function and its arguments: `run(main_task, argc, argv)`. The function and copies of the
/// arguments live as long as the task.
template <class F, class... Args>
  requires(!detail::is_task<std::remove_cvref_t<F>> && std::is_invocable_v<std::decay_t<F>&, std::decay_t<Args>...>)
auto run(F&& fn, Args&&... args) {
  if constexpr (detail::check_task_function<F, Args...>())
    return run(detail::own_call(std::forward<F>(fn), std::forward<Args>(args)...));
}

}  // namespace eddy::inline EDDY_ABI
