// fmt formatters for the library's types; the one place that includes fmt. Programs that use it link fmt themselves.
//
// An Outcome prints its value ("done" for void), "error: …" or "cancelled"; a TaskHandle, TaskRef or Future its state, and the
// first two their name; an ExceptionGroup its errors, one a line; a TaskTree one task a line; what RetryAttempt and the loop's
// clock measure prints in seconds through `Seconds`. Durations themselves are left to <fmt/chrono.h>, which may be included
// beside this one.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/eddy.hpp>

#include <fmt/core.h>
#include <fmt/format.h>

#include <chrono>
#include <exception>
#include <string>
#include <type_traits>

namespace eddy::inline EDDY_ABI {

/// Wraps a duration that is to be printed in seconds, as Python prints a float: `fmt::print("{}", Seconds(delay))` gives
/// "1.5s", and "1.0s" for a whole second.
struct Seconds {
  template <class Rep, class Period>
  explicit constexpr Seconds(std::chrono::duration<Rep, Period> d) : value(std::chrono::duration<double>(d).count()) {}
  double value;  ///< in seconds
};

namespace detail {

// Formatters that take no specification of their own.
struct PlainFormatter {
  constexpr auto parse(fmt::format_parse_context& context) -> decltype(context.begin()) {
    if (context.begin() != context.end() && *context.begin() != '}') throw fmt::format_error("this type takes no format specification");
    return context.begin();
  }
};

// "failed: …" for an error. To print it does not count as having seen it.
inline std::string failed_text(const std::exception_ptr& error) { return "failed: " + describe_exception(error); }

// How the task of a handle stands: pending, cancelling, done, failed with its error, or cancelled.
inline std::string state_text(Frame* task) {
  if (!task->done()) return cancelling(task) > 0 ? "cancelling" : "pending";
  if (task->ended == Ended::exception) return failed_text(task->error());
  return task->ended == Ended::cancelled ? "cancelled" : "done";
}

}  // namespace detail
}  // namespace eddy::inline EDDY_ABI

template <>
struct fmt::formatter<eddy::Seconds> : eddy::detail::PlainFormatter {
  template <class Context>
  auto format(const eddy::Seconds& seconds, Context& context) const {
    std::string text = fmt::format("{}", seconds.value);
    if (text.find_first_not_of("-0123456789") == std::string::npos) text += ".0";
    return fmt::format_to(context.out(), "{}s", text);
  }
};

template <class T>
struct fmt::formatter<eddy::Outcome<T>> : eddy::detail::PlainFormatter {
  template <class Context>
  auto format(const eddy::Outcome<T>& outcome, Context& context) const {
    if (outcome.cancelled()) return fmt::format_to(context.out(), "cancelled");
    if (!outcome.has_value()) return fmt::format_to(context.out(), "error: {}", outcome.what());
    if constexpr (std::is_void_v<T>) {
      return fmt::format_to(context.out(), "done");
    } else {
      return fmt::format_to(context.out(), "{}", outcome.value());
    }
  }
};

template <class T>
struct fmt::formatter<eddy::TaskHandle<T>> : eddy::detail::PlainFormatter {
  template <class Context>
  auto format(const eddy::TaskHandle<T>& task, Context& context) const {
    if (!task.valid()) return fmt::format_to(context.out(), "<no task>");
    return fmt::format_to(context.out(), "<Task {} {}>", task.name(),
                          eddy::detail::state_text(eddy::detail::HandleAccess::frame(task)));
  }
};

template <>
struct fmt::formatter<eddy::TaskRef> : eddy::detail::PlainFormatter {
  template <class Context>
  auto format(const eddy::TaskRef& task, Context& context) const {
    if (!task) return fmt::format_to(context.out(), "<no task>");
    eddy::detail::Frame* frame = eddy::detail::RefAccess::frame(task);  // null once nobody holds the outcome
    return fmt::format_to(context.out(), "<Task {} {}>", task.name(), frame == nullptr ? "ended" : eddy::detail::state_text(frame));
  }
};

template <class T>
struct fmt::formatter<eddy::Future<T>> : eddy::detail::PlainFormatter {
  template <class Context>
  auto format(const eddy::Future<T>& future, Context& context) const {
    const auto* state = eddy::detail::FutureAccess::find(future);
    if (state == nullptr) return fmt::format_to(context.out(), "<no future>");
    const auto& outcome = state->outcome;
    if (!outcome) return fmt::format_to(context.out(), "<Future pending>");
    if (outcome->cancelled()) return fmt::format_to(context.out(), "<Future cancelled>");
    if (outcome->has_value()) return fmt::format_to(context.out(), "<Future done>");
    return fmt::format_to(context.out(), "<Future {}>", eddy::detail::failed_text(outcome->exception()));
  }
};

template <>
struct fmt::formatter<eddy::ExceptionGroup> : eddy::detail::PlainFormatter {
  template <class Context>
  auto format(const eddy::ExceptionGroup& group, Context& context) const {
    return write(group, context.out(), 1);
  }

 private:
  template <class Out>
  static Out write(const eddy::ExceptionGroup& group, Out out, int depth) {
    out = fmt::format_to(out, "{} error{}", group.exceptions().size(), group.exceptions().size() == 1 ? "" : "s");
    for (const std::exception_ptr& error : group.exceptions()) {
      out = fmt::format_to(out, "\n{:{}}- ", "", 2 * depth);
      try {
        std::rethrow_exception(error);
      } catch (const eddy::ExceptionGroup& inner) {
        out = write(inner, out, depth + 1);
      } catch (...) {
        out = fmt::format_to(out, "{}", eddy::detail::describe_exception(error));
      }
    }
    return out;
  }
};

template <>
struct fmt::formatter<eddy::TaskTree> : eddy::detail::PlainFormatter {
  template <class Context>
  auto format(const eddy::TaskTree& tree, Context& context) const {
    auto out = context.out();
    const char* separator = "";
    for (const eddy::TaskTreeLine& line : tree.lines) {
      out = fmt::format_to(out, "{}{:{}}{} {}", separator, "", 2 * line.depth, line.name, line.state);
      separator = "\n";
    }
    return out;
  }
};
