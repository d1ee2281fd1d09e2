// replace: std::exchange for pointers.
//
// std::exchange and std::swap ask some 30 traits of each type that they are used with, and the library has many types of
// pointers: every program that includes it would compile those traits.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/config.hpp>

#include <type_traits>

namespace eddy::inline EDDY_ABI::detail {

// Puts `value` into `place` and returns what was there.
template <class T>
EDDY_INLINE T* replace(T*& place, std::type_identity_t<T>* value) noexcept {
  T* old = place;
  place = value;
  return old;
}

}  // namespace eddy::inline EDDY_ABI::detail
