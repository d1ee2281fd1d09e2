// dependent<T>(awaitable): the same awaitable, but only known once T is.
//
// g++ 11 has a fault in templates that await what does not depend on their parameters; see docs/compilers.md.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

namespace test {

template <class T, class A>
A&& dependent(A&& awaitable) {
  return std::forward<A>(awaitable);
}

}  // namespace test
