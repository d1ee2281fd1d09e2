// as_task: any awaitable as a Task, for combinators that run their work as a child.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/awaitable.hpp>
#include <eddy/task/future.hpp>
#include <eddy/task/task.hpp>
#include <eddy/task/task_handle.hpp>

#include <type_traits>
#include <utility>

namespace eddy::inline EDDY_ABI::detail {

// Where the coroutines stand that are made here.
inline constexpr const char* kAsTaskFile = __FILE__;

// Any awaitable as a Task.
template <class A>
Task<AwaitResult<A>> as_task(A awaitable) {
  co_return co_await std::move(awaitable);
}
// A handle that somebody else keeps: what it gives stays with it.
template <class T>
Task<AwaitResult<const TaskHandle<T>&>> as_task_of_handle(TaskHandle<T> handle) {
  co_return co_await handle;
}

// A future that may be the last of its kind: the value is copied, since a reference would refer into it.
template <class T>
Task<T> as_task_of_future(Future<T> future) {
  if constexpr (std::is_void_v<T>) {
    co_await future;
  } else {
    co_return static_cast<T>(co_await future);
  }
}

template <class T>
auto take_future(Future<T> future) {
  if constexpr (std::is_void_v<T> || std::is_reference_v<T> || std::is_copy_constructible_v<T>) {
    return as_task_of_future(std::move(future));
  } else {
    return as_task(std::move(future));
  }
}

template <class A>
auto make_task(A&& awaitable) {
  using Plain = std::remove_cvref_t<A>;
  if constexpr (is_task<Plain>) {
    return Plain(std::move(awaitable));
  } else if constexpr (is_handle<Plain> && std::is_lvalue_reference_v<A>) {
    return as_task_of_handle(awaitable);
  } else if constexpr (is_future<Plain> && !std::is_lvalue_reference_v<A>) {
    return take_future(std::move(awaitable));
  } else {
    return as_task<Plain>(std::forward<A>(awaitable));
  }
}

}  // namespace eddy::inline EDDY_ABI::detail
