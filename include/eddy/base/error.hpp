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
/// Whoever catches it was not cancelled himself. `what()` is the reason given to `cancel`, if there was one.
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

/// The library was used wrongly, or could not do what it promises; the text says which. Source: RuntimeError.
class RuntimeError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A loop is needed, and none runs in this thread: call it from a task or a callback, or start one with `eddy::run`.
/// Source: asyncio's RuntimeError "no running event loop".
class NoRunningLoop : public RuntimeError {
 public:
  explicit NoRunningLoop(const char* what_needs_it)
      : RuntimeError(std::string(what_needs_it).append(": no event loop is running in this thread; start one with eddy::run(task)")) {}
};

/// The loop is closed and takes no more work: what other threads send it has to come before its `run` ends.
class LoopClosed : public RuntimeError {
 public:
  LoopClosed() : RuntimeError("the event loop is closed") {}
};

/// An object is not in a state that allows the call: a Task awaited twice or moved from (call its function again), a result
/// that is not there yet (await it) or was already taken (keep it). Source: asyncio.InvalidStateError.
class InvalidStateError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

/// A deadline passed before the work was done; `move_on_after` gives an empty value instead. Source: TimeoutError.
class TimeoutError : public std::runtime_error {
 public:
  TimeoutError() : std::runtime_error("timed out") {}
  using std::runtime_error::runtime_error;
};

/// The user pressed Ctrl-C: `run` cancelled its main task, waited for it and throws this, to be caught around `run`.
/// Source: KeyboardInterrupt.
class KeyboardInterrupt : public std::exception {
 public:
  [[nodiscard]] const char* what() const noexcept override { return "interrupted by SIGINT"; }
};

/// Two tasks wait for the same thing that only one may wait for (a descriptor's readiness, a generator's next value): let
/// one wait and hand on what it gets, by a Queue. Source: trio.BusyResourceError.
class BusyResourceError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

/// What a task waited for was destroyed under it, or what it writes to was broken half-way: a lock, an event, a queue must
/// outlive its waiters. In debug mode the program is stopped instead. Source: trio.BrokenResourceError.
class BrokenResourceError : public RuntimeError {
 public:
  using RuntimeError::RuntimeError;
};

/// Nothing can ever wake the loop again: every task waits for another one. Only a virtual clock throws it, since on
/// real time another thread might still call in, and debug mode reports it; `what()` lists each task, what it waits for, and at which line.
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
