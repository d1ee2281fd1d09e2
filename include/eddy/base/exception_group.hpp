// ExceptionGroup: several exceptions thrown as one, by task_group.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/error.hpp>
#include <eddy/base/outcome.hpp>

#include <cstddef>
#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace eddy::inline EDDY_ABI {

/// Thrown by `task_group` when tasks of it, or its body, have failed: their errors, in the order in which they came; never
/// empty. A group inside a group stays one element. `handle<E>` deals with those of one type and throws the rest, and
/// `exceptions()` has all.
/// Source: ExceptionGroup.
class ExceptionGroup : public std::exception {
 public:
  explicit ExceptionGroup(std::vector<std::exception_ptr> exceptions) : exceptions_(std::move(exceptions)) {
    text_ = std::to_string(exceptions_.size()) + (exceptions_.size() == 1 ? " error in a task group: " : " errors in a task group: ");
    for (std::size_t i = 0; i < exceptions_.size(); ++i) text_ += (i > 0 ? "; " : "") + detail::describe_exception(exceptions_[i]);
  }

  /// The errors themselves.
  [[nodiscard]] const std::vector<std::exception_ptr>& exceptions() const noexcept { return exceptions_; }
  [[nodiscard]] const char* what() const noexcept override { return text_.c_str(); }

  /// Those errors that are an E, and the others; nested groups are split and keep their shape. A side without errors is
  /// nullopt. Source: ExceptionGroup.split.
  template <class E, class Group = ExceptionGroup>
  [[nodiscard]] std::pair<std::optional<Group>, std::optional<Group>> split() const {
    std::vector<std::exception_ptr> matching;
    std::vector<std::exception_ptr> rest;
    for (const std::exception_ptr& error : exceptions_) {
      if (const ExceptionGroup* group = as_group(error)) {
        auto [inside, outside] = group->split<E>();
        if (inside) matching.push_back(std::make_exception_ptr(*std::move(inside)));
        if (outside) rest.push_back(std::make_exception_ptr(*std::move(outside)));
      } else {
        (is<E>(error) ? matching : rest).push_back(error);
      }
    }
    return {make<Group>(std::move(matching)), make<Group>(std::move(rest))};
  }
  /// Calls `fn(error)` for each error that is an E, also in nested groups, then throws what is left, if anything, as a
  /// group. Source: `except*`.
  template <class E, class F>
  void handle(F&& fn) const {
    auto [matching, rest] = split<E>();
    if (matching) matching->template for_each<E>(fn);
    if (rest) throw *std::move(rest);
  }

 private:
  template <class Group>
  static std::optional<Group> make(std::vector<std::exception_ptr> exceptions) {
    if (exceptions.empty()) return std::nullopt;
    return Group(std::move(exceptions));
  }
  // The group that `error` holds, alive as long as it; null for another exception.
  static const ExceptionGroup* as_group(const std::exception_ptr& error) {
    try {
      std::rethrow_exception(error);
    } catch (const ExceptionGroup& group) {
      return &group;
    } catch (...) {
      return nullptr;
    }
  }
  template <class E>
  static bool is(const std::exception_ptr& error) {
    try {
      std::rethrow_exception(error);
    } catch (const E&) {
      return true;
    } catch (...) {
      return false;
    }
  }
  template <class E, class F>
  void for_each(F& fn) const {
    for (const std::exception_ptr& error : exceptions_) {
      if (const ExceptionGroup* group = as_group(error)) {
        group->for_each<E>(fn);
        continue;
      }
      try {
        std::rethrow_exception(error);
      } catch (const E& e) {
        fn(e);
      }
    }
  }

  std::vector<std::exception_ptr> exceptions_;
  std::string text_;
};

}  // namespace eddy::inline EDDY_ABI
