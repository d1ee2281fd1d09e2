// Callback<R(Args...)>: a move-only callable with a small buffer. The loop's callbacks, handlers and pool jobs are kept
// in it; <functional> is neither included nor needed.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/config.hpp>
#include <eddy/base/fwd.hpp>
#include <eddy/base/replace.hpp>

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

namespace eddy::inline EDDY_ABI {

template <class Signature>
class Callback;

/// Holds any callable, also one that can only be moved. Callables of up to four words are stored in place.
/// An empty one must not be called. Complexity: one allocation for a larger callable, none otherwise.
template <class R, class... Args>
class Callback<R(Args...)> {
 public:
  Callback() noexcept = default;
  Callback(std::nullptr_t) noexcept {}
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, Callback> && std::is_invocable_r_v<R, std::decay_t<F>&, Args...>)
  Callback(F&& fn) {
    using Stored = std::decay_t<F>;
    static_assert(!std::is_void_v<R> || !detail::is_task<std::invoke_result_t<Stored&, Args...>>,
                  "eddy: a callback cannot be a coroutine, which would never run: call create_task in it");
    if constexpr (in_place<Stored>) {
      ::new (static_cast<void*>(buffer_)) Stored(std::forward<F>(fn));
    } else {
      ::new (static_cast<void*>(buffer_)) Stored*(new Stored(std::forward<F>(fn)));
    }
    call_ = &call<Stored>;
    manage_ = &manage<Stored>;
  }
  Callback(Callback&& other) noexcept { take(other); }
  Callback& operator=(Callback&& other) noexcept {
    if (this != &other) {
      reset();
      take(other);
    }
    return *this;
  }
  ~Callback() { reset(); }

  /// Calls the function that it holds; there must be one.
  R operator()(Args... args) { return call_(buffer_, std::forward<Args>(args)...); }
  /// False for an empty one.
  [[nodiscard]] explicit operator bool() const noexcept { return call_ != nullptr; }
  /// Destroys the callable.
  void reset() noexcept {
    if (manage_ != nullptr) manage_(buffer_, nullptr);
    call_ = nullptr;
    manage_ = nullptr;
  }

 private:
  static constexpr std::size_t kSize = 4 * sizeof(void*);
  template <class F>
  static constexpr bool in_place =
      sizeof(F) <= kSize && alignof(F) <= alignof(std::max_align_t) && std::is_nothrow_move_constructible_v<F>;

  template <class F>
  static F& stored(void* buffer) noexcept {
    if constexpr (in_place<F>) {
      return *std::launder(static_cast<F*>(buffer));
    } else {
      return **std::launder(static_cast<F**>(buffer));
    }
  }
  template <class F>
  static R call(void* buffer, Args... args) {
    return static_cast<R>(stored<F>(buffer)(std::forward<Args>(args)...));
  }
  // Moves the callable to `to`, or destroys it when `to` is null.
  template <class F>
  static void manage(void* buffer, void* to) noexcept {
    if constexpr (in_place<F>) {
      if (to != nullptr) ::new (to) F(std::move(stored<F>(buffer)));
      stored<F>(buffer).~F();
    } else {
      if (to != nullptr) {
        ::new (to) F*(&stored<F>(buffer));
      } else {
        delete &stored<F>(buffer);
      }
    }
  }
  void take(Callback& other) noexcept {
    if (other.manage_ != nullptr) other.manage_(other.buffer_, buffer_);
    call_ = detail::replace(other.call_, nullptr);
    manage_ = detail::replace(other.manage_, nullptr);
  }

  alignas(std::max_align_t) std::byte buffer_[kSize];
  R (*call_)(void*, Args...) = nullptr;
  void (*manage_)(void*, void*) noexcept = nullptr;
};

}  // namespace eddy::inline EDDY_ABI
