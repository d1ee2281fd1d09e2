// What a combinator takes as "a function": callables that it can keep safely, and `own` for those it could not.
//
// g++ 11 and 12 destroy the closure of a capturing lambda twice, or copy it bit by bit, when it is written inside an
// expression that is awaited. There an rvalue that is not trivially copyable is refused, with what to write instead.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/config.hpp>

#include <type_traits>
#include <utility>

namespace eddy::inline EDDY_ABI {

/// A callable that was moved into a library type, which every compiler handles rightly. Made by `own`.
template <class F>
class Own {
 public:
  explicit Own(F&& fn) noexcept(std::is_nothrow_move_constructible_v<F>) : fn_(std::move(fn)) {}
  Own(Own&&) = default;
  Own(const Own&) = default;
  Own& operator=(Own&&) = default;
  Own& operator=(const Own&) = default;
  ~Own() {}  // not trivial and no aggregate, so that g++ 12 treats it as a class

  /// Calls it.
  template <class... Args>
    requires std::is_invocable_v<F&, Args...>
  decltype(auto) operator()(Args&&... args) {
    return fn_(std::forward<Args>(args)...);
  }

 private:
  F fn_;
};

/// Moves a named callable into a combinator: `auto f = [s] { … }; co_await to_thread(own(std::move(f)));`.
/// Needed with g++ before 13 only, for callables with captures such as strings; harmless elsewhere.
template <class F>
[[nodiscard]] auto own(F&& fn) {
  static_assert(std::is_rvalue_reference_v<F&&>, "eddy: own() moves its function: write own(std::move(f))");
  return Own<std::remove_reference_t<F>>(std::move(fn));
}

namespace detail {

template <class F>
inline constexpr bool is_own = false;
template <class F>
inline constexpr bool is_own<Own<F>> = true;

#if defined(EDDY_CLOSURE_PRVALUES_BREAK)
template <class F>
inline constexpr bool keeps_well = std::is_lvalue_reference_v<F> || std::is_trivially_copyable_v<std::remove_cvref_t<F>> ||
                                   is_own<std::remove_cvref_t<F>>;
#else
template <class F>
inline constexpr bool keeps_well = true;
#endif

template <class F>
constexpr void check_callable() {
  static_assert(keeps_well<F>,
                "eddy: g++ before 13 miscompiles a lambda with such captures inside a co_await expression: name it first "
                "and pass it as an lvalue or as eddy::own(std::move(f)), or pass what it captures as further arguments");
}

// The same for a range of callables. A class such as std::vector is handled rightly, whatever it holds; an array is not.
template <class R>
constexpr void check_callables() {
  static_assert(keeps_well<R> || !std::is_aggregate_v<std::remove_cvref_t<R>>,
                "eddy: g++ before 13 miscompiles an array of such functions inside a co_await expression: name it first and "
                "pass it as an lvalue, or use a std::vector");
}

}  // namespace detail
}  // namespace eddy::inline EDDY_ABI
