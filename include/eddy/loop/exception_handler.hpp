// ExceptionContext: what the loop's exception handler is told about an exception that nobody else can take.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/callback.hpp>
#include <eddy/base/fwd.hpp>
#include <eddy/base/outcome.hpp>

#include <cstdio>
#include <exception>
#include <string>

namespace eddy::inline EDDY_ABI {

/// An exception that reached the loop: thrown by a callback, or held by a task whose result nobody asked for.
struct ExceptionContext {
  std::string message;           ///< what happened, in a sentence
  std::exception_ptr exception;  ///< may be null for a report without one
  std::string task;              ///< the task's name, of one without a name its number and its line; empty if it was not a task
};

/// What `EventLoop::set_exception_handler` takes.
using ExceptionHandler = Callback<void(const ExceptionContext&)>;

namespace detail {

struct Frame;

// Calls the handler of `loop`, or without one the default. Never throws: without memory for the sentence and the task's name it
// tells the exception alone. Defined in event_loop.hpp.
void report(EventLoop* loop, const char* message, std::exception_ptr error, Frame* task = nullptr) noexcept;

// The default: a line on standard error.
inline void print_exception_context(const ExceptionContext& context) noexcept {
  try {
    std::string line = "eddy: " + context.message;
    if (!context.task.empty()) line += " (" + context.task + ")";
    if (context.exception) line += ": " + describe_exception(context.exception);
    line += '\n';
    std::fwrite(line.data(), 1, line.size(), stderr);
  } catch (...) {
    std::fputs("eddy: an exception could not be reported\n", stderr);
  }
}

}  // namespace detail
}  // namespace eddy::inline EDDY_ABI
