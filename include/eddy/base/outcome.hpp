// Outcome<T>: how a piece of work ended: with a value, with an exception, or cancelled.
//
// `gather(return_exceptions, …)` gives one for each child, as asyncio's return_exceptions=True gives a list in which
// exceptions stand beside values.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/error.hpp>
#include <eddy/base/fwd.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace eddy::inline EDDY_ABI {

namespace detail {

struct Unit {};

// What an Outcome or a result slot stores for a T: the value itself, a pointer for a reference, nothing for void.
template <class T>
struct StoredResult {
  using Type = T;
};
template <class T>
  requires std::is_reference_v<T>
struct StoredResult<T> {
  using Type = std::remove_reference_t<T>*;
};
template <class T>
  requires std::is_void_v<T>
struct StoredResult<T> {
  using Type = Unit;
};

// The text of an exception: what() if it has one.
inline std::string describe_exception(const std::exception_ptr& error) {
  if (!error) return {};
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "an exception that does not derive from std::exception";
  }
}

}  // namespace detail

/// How work ended. Exactly one of `has_value()`, `has_exception()` and `cancelled()` is true.
template <class T>
class [[nodiscard]] Outcome {
 public:
  /// An outcome that holds a value made from `args`.
  template <class... Args>
  [[nodiscard]] static Outcome from_value(Args&&... args) {
    Outcome outcome;
    outcome.value_.emplace(std::forward<Args>(args)...);
    return outcome;
  }
  /// An outcome that holds `error`.
  [[nodiscard]] static Outcome from_exception(std::exception_ptr error) noexcept {
    Outcome outcome;
    outcome.error_ = std::move(error);
    return outcome;
  }
  /// An outcome of work that was cancelled; `error` is the CancelledError that `value()` throws.
  [[nodiscard]] static Outcome from_cancelled(std::exception_ptr error) noexcept {
    Outcome outcome;
    outcome.error_ = std::move(error);
    outcome.cancelled_ = true;
    return outcome;
  }

  /// True if the work ended with a value.
  [[nodiscard]] bool has_value() const noexcept { return value_.has_value(); }
  [[nodiscard]] explicit operator bool() const noexcept { return value_.has_value(); }
  /// True if the work ended with an exception of its own; false if it was cancelled.
  [[nodiscard]] bool has_exception() const noexcept { return !value_ && !cancelled_; }
  /// True if the work was stopped, or left by an uncaught CancelledError.
  [[nodiscard]] bool cancelled() const noexcept { return cancelled_; }
  /// The exception; a CancelledError if cancelled; null if there is a value.
  [[nodiscard]] const std::exception_ptr& exception() const noexcept { return error_; }
  /// The exception's text; empty if there is a value.
  [[nodiscard]] std::string what() const { return detail::describe_exception(error_); }

  /// The value. Errors: rethrows the exception if there is one, and CancelledError if the work was cancelled.
  decltype(auto) value() & { return get(*this); }
  decltype(auto) value() const& { return get(*this); }
  /// The same, moved out.
  T value() && {
    check();
    if constexpr (std::is_reference_v<T>) {
      return static_cast<T>(**value_);
    } else if constexpr (!std::is_void_v<T>) {
      return *std::move(value_);
    }
  }
  /// The value; only while there is one. The same through `->`.
  decltype(auto) operator*() & { return get(*this); }
  decltype(auto) operator*() const& { return get(*this); }
  /// A member of the value; only while there is one.
  auto operator->() const
    requires(!std::is_void_v<T>)
  {
    return &get(*this);
  }
  auto operator->()
    requires(!std::is_void_v<T>)
  {
    return &get(*this);
  }

 private:
  Outcome() = default;
  void check() const {
    if (error_) std::rethrow_exception(error_);
  }
  template <class Self>
  static decltype(auto) get(Self& self) {
    self.check();
    if constexpr (std::is_reference_v<T>) {
      return static_cast<std::remove_reference_t<T>&>(**self.value_);
    } else if constexpr (!std::is_void_v<T>) {
      return (*self.value_);
    }
  }

  std::optional<typename detail::StoredResult<T>::Type> value_;
  std::exception_ptr error_;
  bool cancelled_ = false;
};

}  // namespace eddy::inline EDDY_ABI
