// Every exception type of the library, with when it is thrown and what to do about it.
//
// All derive from std::exception. The names are asyncio's where it has one. A task's own cancellation is not among
// them: it is no exception at all (see docs/design.md, "Cancellation").
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/config.hpp>

#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

namespace eddy::inline EDDY_ABI {

/// Thrown where somebody awaits work that *somebody else* cancelled, and by `run` when its main task was cancelled.
/// Whoever catches it was not cancelled himself: go on without the result, or let it pass. `what()` is the reason given to
/// `cancel`, if there was one; in debug mode debug::why_cancelled tells who called it.
/// Source: asyncio.CancelledError (which derives from BaseException there).
class CancelledError : public std::exception {
 public:
  CancelledError() = default;
  explicit CancelledError(std::string reason) : reason_(std::move(reason)) {}
  /// The reason that was given to `cancel`; empty if there was none.
  [[nodiscard]] const std::string& reason() const noexcept { return reason_; }
  [[nodiscard]] const char* what() const noexcept override {
    return reason_.empty() ? "the awaited work was cancelled" : reason_.c_str();
  }

 private:
  std::string reason_;
};

/// Thrown where the library was used wrongly, or cannot do what it promises. The text says which, and what to write: it is mostly
/// a mistake to be mended in the program, and not where it is caught. Source: RuntimeError.
class RuntimeError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Thrown where a loop is needed, and none runs in this thread: call it from a task or a callback, or start one with
/// `eddy::run`; from another thread than the loop's, use `call_soon_threadsafe` or `run_coroutine_threadsafe`.
/// Source: asyncio's RuntimeError "no running event loop".
class NoRunningLoop : public RuntimeError {
 public:
  explicit NoRunningLoop(const char* what_needs_it)
      : RuntimeError(std::string(what_needs_it).append(": no event loop is running in this thread; start one with eddy::run(task)")) {}
};

/// Thrown where a loop that is closed is given work, by its own thread or by another one, and by a ThreadsafeFuture whose task
/// had not ended then: whoever sends work has to end before the loop's `run` does. A thread that may be late catches it and
/// drops what it has. Source: asyncio's RuntimeError "Event loop is closed".
class LoopClosed : public RuntimeError {
 public:
  LoopClosed() : RuntimeError("the event loop is closed") {}
};

/// Thrown where an object is not in a state that allows the call: a Task awaited twice or moved from (call its function again),
/// a result that is not there yet (await it), was already taken (keep it) or set (ask `done()` before). It is a mistake in the
/// program; `what()` names the task that made it, and the line where that awaited last. Source: asyncio.InvalidStateError.
class InvalidStateError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

/// Thrown by `timeout`, `wait_for` and the like: a deadline passed before the work was done. The work has ended by then, stopped:
/// try again (`retry`), go on without its result, or let it pass. `move_on_after` gives an empty value instead.
/// Source: TimeoutError.
class TimeoutError : public std::runtime_error {
 public:
  TimeoutError() : std::runtime_error("timed out") {}
  using std::runtime_error::runtime_error;
};

/// Thrown by `run` when the user pressed Ctrl-C: it has cancelled its main task and waited for it. Catch it around `run`, and end
/// the program. A program that handles SIGINT itself (`wait_signal`) never gets it. Source: KeyboardInterrupt.
class KeyboardInterrupt : public std::exception {
 public:
  [[nodiscard]] const char* what() const noexcept override { return "interrupted by SIGINT"; }
};

/// Thrown where a task waits for what another one waits for already, and only one may (a descriptor's readiness, a generator's
/// next value, a stream's bytes); `what()` names the first and its lines. Let one wait and hand on what it gets, by a Queue, or
/// take turns by a Lock.
/// Source: trio.BusyResourceError.
class BusyResourceError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

/// Thrown to a task that waits for a lock, an event, a queue or the like when that is destroyed: let it live in a scope that waits
/// for its tasks, such as around their `task_group`. In debug mode the program is stopped at the destructor instead. Also thrown by
/// a stream's `write` after one that failed or was cancelled half-way: close the stream. Source: trio.BrokenResourceError.
class BrokenResourceError : public RuntimeError {
 public:
  using RuntimeError::RuntimeError;
};

/// Thrown by what runs a loop when nothing can ever wake it again: every task waits for another one. Only a virtual clock throws
/// it; on real time another thread might still call in, and debug mode reports it. `what()` lists each task, what it waits for, and
/// at which line: look for the `set`, `put` or `release` that is missing, or hold the loop (`EventLoop::hold`) for what comes from
/// outside.
class DeadlockError : public RuntimeError {
 public:
  using RuntimeError::RuntimeError;
};

namespace detail {

// An error that is made where nothing may throw: without memory for its text it is a std::bad_alloc.
template <class E, class... Args>
EDDY_COLD std::exception_ptr make_error(Args&&... args) noexcept {
  try {
    return std::make_exception_ptr(E(std::forward<Args>(args)...));
  } catch (...) {
    return std::current_exception();
  }
}

// What is thrown on paths that are often inlined.
[[noreturn]] EDDY_COLD inline void throw_no_loop(const char* function) { throw NoRunningLoop(function); }
[[noreturn]] EDDY_COLD inline void throw_loop_closed() { throw LoopClosed(); }
[[noreturn]] EDDY_COLD inline void throw_foreign_thread() {
  throw RuntimeError(
      "eddy: an event loop was touched from another thread; use call_soon_threadsafe or run_coroutine_threadsafe");
}

}  // namespace detail
}  // namespace eddy::inline EDDY_ABI
