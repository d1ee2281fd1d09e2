// Runner: several runs on one loop, with one end.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/nested_error.hpp>
#include <eddy/loop/event_loop.hpp>
#include <eddy/task/as_task.hpp>
#include <eddy/task/create_task.hpp>
#include <eddy/task/run_loop.hpp>

#include <exception>
#include <string>
#include <type_traits>
#include <utility>

namespace eddy::inline EDDY_ABI {

/// A loop on which several tasks are run one after another. What they leave running stands still between the runs and is
/// ended by `close`. Threads: one; no other loop may run in it meanwhile. Source: asyncio.Runner.
class Runner {
 public:
  template <class = void>
  explicit Runner(RunOptions options = {}) : options_(options), loop_(options.clock, options.reactor) {
    if (options.debug) loop_.set_debug(true);
    if (options.on_exception != nullptr) loop_.set_exception_handler(options.on_exception);
  }
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;
  /// Closes it as `close` does; what that would throw is reported to the exception handler.
  ~Runner() {
    try {
      close();
    } catch (...) {
      detail::report(&loop_, "a Runner could not end its tasks", std::current_exception());
    }
  }

  /// Runs `task` and gives its value. Errors: as `eddy::run`, without those of the end; LoopClosed after `close`. A task
  /// that does not end because the loop is stopped goes on in the next run; if `get_loop().stop()` came before this one,
  /// one pass is made.
  template <class T>
  T run(Task<T> task) {
    return run_main(std::move(task), false);
  }
  /// Runs `task`, closes, and gives its value: what `eddy::run` does.
  template <class T>
  T run_once(Task<T> task) {
    return run_main(std::move(task), true);
  }
  /// Cancels what is left and waits for it, for at most `RunOptions::grace`; then closes the loop. Does nothing the second
  /// time. Errors: RuntimeError that names what does not stop.
  void close() {
    if (loop_.is_closed() || given_up_) return;
    if (!ran_ || EventLoop::Internals::in_child(loop_)) return loop_.close();
    std::string stuck;
    {
      detail::RunLoop passes(loop_, options_);
      stuck = passes.end_leftovers();
    }
    loop_.close();
    if (!stuck.empty()) throw RuntimeError(stuck);
  }
  /// The loop, for its settings.
  [[nodiscard]] EventLoop& get_loop() noexcept { return loop_; }

 private:
  template <class T>
  T run_main(Task<T> task, bool close_after) {
    if (!task.valid()) detail::throw_empty_task();
    TaskHandle<T> main;
    std::exception_ptr error;
    {
      detail::RunLoop passes(loop_, options_);
      ran_ = true;
      main = detail::create_task_on(loop_, std::move(task), {.name = "main"});
      detail::Frame* frame = detail::HandleAccess::frame(main);
      const detail::PassesEnd end = passes.until_done(frame);
      if (end == detail::PassesEnd::stuck) {
        given_up_ = true;
        throw DeadlockError(passes.deadlock());
      }
      const bool stopped = end == detail::PassesEnd::stopped;
      error = stopped ? std::make_exception_ptr(RuntimeError(detail::kStoppedTooEarly)) : passes.error_of(frame);
      std::string stuck;
      if (close_after) stuck = passes.end_leftovers();
      if (!stuck.empty()) {
        given_up_ = true;
        std::exception_ptr displaced = error;
        frame->set(detail::kRetrieved);
        if (!displaced && frame->ended == detail::Ended::exception) displaced = frame->error();
        if (!displaced && frame->ended == detail::Ended::cancelled) displaced = detail::cancelled_error(frame);
        throw_over(std::make_exception_ptr(RuntimeError(stuck)), std::move(displaced));
      }
    }
    if (close_after) loop_.close();
    if (error) {
      detail::Frame* frame = detail::HandleAccess::frame(main);
      const bool failed = frame->ended == detail::Ended::exception;  // while it was ended after the loop was stopped
      if (failed) frame->set(detail::kRetrieved);
      throw_over(error, failed ? frame->error() : nullptr);
    }
    return detail::HandleAccess::take(std::move(main));
  }

  template <class = void>
  [[noreturn]] EDDY_COLD void throw_over(std::exception_ptr error, std::exception_ptr displaced) {
    detail::throw_displacing(std::move(error), std::move(displaced), [this](std::exception_ptr lost) {
      detail::report(&loop_, "the end of a run took the place of this error", std::move(lost));
    });
  }

  RunOptions options_;
  bool ran_ = false;
  bool given_up_ = false;  // on tasks that do not stop
  EventLoop loop_;
};

inline void EventLoop::run_forever() {
  check_open();
  const Internals::Running running(*this);
  do {
    detail::wake_orphans(*this);
    pass(TimePoint::max());
    if (take(detail::kDeadlocked)) throw DeadlockError("eddy: deadlock: nothing can ever run again" + detail::describe_strands(*this));
  } while (!take(detail::kStopAsked));
}

template <class A>
auto EventLoop::run_until_complete(A awaitable) {
  static_assert(Awaitable<A>, "eddy: this cannot be awaited: give run_until_complete a Task, so call the coroutine function");
  check_open();
  auto task = detail::make_task(std::move(awaitable));
  using T = typename decltype(task)::value_type;
  TaskHandle<T> main;
  {
    const Internals::Running running(*this);
    main = detail::create_task_on(*this, std::move(task), {});
    detail::Frame* frame = detail::HandleAccess::frame(main);
    bool stopped = false;
    do {
      detail::wake_orphans(*this);
      pass(TimePoint::max());
      stopped = take(detail::kStopAsked);
      if (take(detail::kDeadlocked))
        throw DeadlockError("eddy: deadlock: nothing can ever run again" + detail::describe_strands(*this));
    } while (!frame->done() && !stopped);
    if (!frame->done()) throw RuntimeError(detail::kStoppedTooEarly);
    // A task made in its last turn has its first one.
    if (!stopped && !fork_guard_.in_child() && !ready.empty()) pass(TimePoint::max());
    take(detail::kStopAsked);
  }
  return detail::HandleAccess::take(std::move(main));
}

}  // namespace eddy::inline EDDY_ABI
