// StoredItem<T>: an item on its way through a queue or a channel, in a form that never throws when it is moved.
//
// Queues move their items around: into a larger buffer, along a heap, from a waiting putter's frame into a freed slot.
// None of these moves has anybody to throw at. So a T whose move may throw is kept on the heap, where only its owner
// moves, and is moved itself exactly twice: when it is put, for the putter, and when it is got, for the getter.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/config.hpp>

#include <memory>
#include <type_traits>
#include <utility>

namespace eddy::inline EDDY_ABI::detail {

// `T(args…)`, or `T{args…}` for an aggregate (clang before 16 does not initialise one with parentheses).
template <class T, class... Args>
T make_item(Args&&... args) {
  if constexpr (std::is_constructible_v<T, Args...>) {
    return T(std::forward<Args>(args)...);
  } else {
    return T{std::forward<Args>(args)...};
  }
}

template <class T>
constexpr bool check_item_type() {
  static_assert(std::is_object_v<T> && std::is_same_v<T, std::remove_cv_t<T>>,
                "eddy: a queue or channel holds objects: for references use pointers or std::reference_wrapper, and leave "
                "out const");
  static_assert(std::is_move_constructible_v<T>, "eddy: a queue or channel moves its items: this type cannot be moved");
  return true;
}

template <class T, bool InPlace = std::is_nothrow_move_constructible_v<T>>
class StoredItem {
 public:
  static_assert(check_item_type<T>());
  template <class... Args>
  explicit StoredItem(std::in_place_t, Args&&... args) : value_(make_item<T>(std::forward<Args>(args)...)) {}
  StoredItem(StoredItem&& other) noexcept : value_(std::move(other.value_)) {}
  StoredItem& operator=(StoredItem&& other) noexcept {  // for a T that cannot be assigned, too
    if (this != &other) {
      std::destroy_at(std::addressof(value_));
      std::construct_at(std::addressof(value_), std::move(other.value_));
    }
    return *this;
  }
  ~StoredItem() = default;
  [[nodiscard]] T& get() noexcept { return value_; }

 private:
  T value_;
};

template <class T>
class StoredItem<T, false> {
 public:
  static_assert(check_item_type<T>());
  template <class... Args>
  explicit StoredItem(std::in_place_t, Args&&... args)
      : value_(new T(make_item<T>(std::forward<Args>(args)...))) {}
  [[nodiscard]] T& get() noexcept { return *value_; }

 private:
  std::unique_ptr<T> value_;
};

// What a getter is given: the T itself, or an optional that holds it. The item is left moved from.
template <class Result, class T>
Result result_from(T& item) {
  if constexpr (std::is_same_v<Result, T>) {
    return std::move(item);
  } else {
    return Result(std::in_place, std::move(item));
  }
}

// Whether a `U&&` may be written as the argument of an awaited put. g++ 11 and 12 relocate aggregates that are written
// with braces, and closures with captures, bit by bit inside such an expression.
#if defined(EDDY_CLOSURE_PRVALUES_BREAK)
template <class U>
concept Capturing = requires { &U::operator(); } && !std::is_default_constructible_v<U>;
template <class U>
inline constexpr bool item_keeps_well =
    std::is_lvalue_reference_v<U> || std::is_trivially_copyable_v<U> || !(std::is_aggregate_v<U> || Capturing<U>);
#else
template <class U>
inline constexpr bool item_keeps_well = true;
#endif

template <class U>
constexpr void check_awaited_item() {
  static_assert(item_keeps_well<U>,
                "eddy: g++ before 13 destroys an aggregate or a closure that is written inside a co_await expression twice: "
                "pass std::in_place and the members, or name the item and pass it as an lvalue or as "
                "(std::in_place, std::move(item)), or give its type a constructor");
}

}  // namespace eddy::inline EDDY_ABI::detail
