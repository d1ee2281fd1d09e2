// What may stand behind `co_await`, as concepts, and the protocol that an awaiter of one's own follows.
//
// An awaiter is any type with `await_ready`, `await_suspend(std::coroutine_handle<>)` and `await_resume`; resuming the
// handle it was given, on the loop's thread, queues the waiting task. If the wait can be given up it also offers
//
//     eddy::CancelResult try_cancel() noexcept;
//
// which is called at most once, when the waiting task is cancelled. `stopped`: it has unlinked itself and will never
// resume its handle; the task is unwound, await_resume is not called. `later`: it will still resume the handle; what it
// gives then is delivered. An awaiter without try_cancel is waited for.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/config.hpp>

#include <concepts>
#include <coroutine>
#include <utility>

namespace eddy::inline EDDY_ABI {

/// What an awaiter says when the task that waits in it is cancelled.
enum class CancelResult : unsigned char {
  stopped,  ///< it has unlinked itself; its frame may be destroyed
  later,    ///< it will still end, and wake its task then
};

/// A type with the three functions of an awaiter.
template <class A>
concept Awaiter = requires(A& awaiter, std::coroutine_handle<> handle) {
  { awaiter.await_ready() } -> std::convertible_to<bool>;
  awaiter.await_resume();
};

namespace detail {

template <class A>
concept HasMemberCoAwait = requires(A&& a) { std::forward<A>(a).operator co_await(); };
template <class A>
concept HasFreeCoAwait = requires(A&& a) { operator co_await(std::forward<A>(a)); };

template <class A>
decltype(auto) get_awaiter(A&& a) {
  if constexpr (HasMemberCoAwait<A>) {
    return std::forward<A>(a).operator co_await();
  } else if constexpr (HasFreeCoAwait<A>) {
    return operator co_await(std::forward<A>(a));
  } else {
    return static_cast<A&&>(a);
  }
}

template <class A>
using AwaiterOf = decltype(get_awaiter(std::declval<A>()));

}  // namespace detail

/// Whatever can stand behind `co_await` in a Task: a Task, a TaskHandle, a Future, an awaiter, or a type with
/// `operator co_await`.
template <class A>
concept Awaitable = detail::HasMemberCoAwait<A> || detail::HasFreeCoAwait<A> || Awaiter<std::remove_cvref_t<A>>;

namespace detail {

// To be used as a condition: what stands under it is not compiled for an A that was refused, so the sentence comes alone.
template <class A>
constexpr bool check_awaitable() {
  static_assert(Awaitable<A>, "eddy: this cannot be awaited: give it a Task, a TaskHandle, a Future or another awaitable");
  return Awaitable<A>;
}

// What `{f(), g()}` becomes where a function takes no list in braces. A last overload with it says so.
struct BracedList {
  template <class... As>
  BracedList(As&&...);
};

}  // namespace detail

/// What `co_await a` gives for an `a` of type A.
template <Awaitable A>
using AwaitResult = decltype(std::declval<std::remove_reference_t<detail::AwaiterOf<A>>&>().await_resume());

}  // namespace eddy::inline EDDY_ABI
