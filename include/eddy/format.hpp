// fmt formatters for the library's types; the one place that includes fmt. Programs that use it link fmt themselves.
//
// An Outcome prints its value, "error: …" or "cancelled"; a TaskHandle or TaskRef its name and state; an ExceptionGroup its
// errors, one a line; a TaskTree one task a line; what RetryAttempt and the loop's clock measure prints in seconds
// through `Seconds`.
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
    const char* state = !task.done() ? (task.cancelling() > 0 ? "cancelling" : "pending") : task.cancelled() ? "cancelled" : "done";
    return fmt::format_to(context.out(), "<Task {} {}>", task.name(), state);
  }
};

template <>
struct fmt::formatter<eddy::TaskRef> : eddy::detail::PlainFormatter {
  template <class Context>
  auto format(const eddy::TaskRef& task, Context& context) const {
    if (!task) return fmt::format_to(context.out(), "<no task>");
    return fmt::format_to(context.out(), "<Task {} {}>", task.name(), task.done() ? "done" : task.cancelling() > 0 ? "cancelling" : "pending");
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
