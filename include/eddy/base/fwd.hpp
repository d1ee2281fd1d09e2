// Forward declarations of the types that signatures name without needing their bodies.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/config.hpp>

namespace eddy::inline EDDY_ABI {

class EventLoop;
template <class T = void>
class Task;
template <class T = void>
class TaskHandle;
template <class T = void>
class Future;
template <class T>
class Outcome;

namespace detail {
template <class T>
inline constexpr bool is_task = false;
template <class T>
inline constexpr bool is_task<Task<T>> = true;
}  // namespace detail

}  // namespace eddy::inline EDDY_ABI
