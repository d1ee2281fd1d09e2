// replace: std::exchange for pointers, without the 30 traits that std::exchange and std::swap compile for each type.
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
