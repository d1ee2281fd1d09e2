// staggered_race: starts one attempt after another until one succeeds; a failure starts the next one early.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/callable.hpp>
#include <eddy/base/reference.hpp>
#include <eddy/combine/shield.hpp>
#include <eddy/combine/task_group.hpp>
#include <eddy/combine/timeout.hpp>
#include <eddy/task/future.hpp>

#include <cstddef>
#include <exception>
#include <iterator>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace eddy::inline EDDY_ABI {

/// What `staggered_race` gives: the first success with its position, and the error of each attempt that had failed by then.
template <class T>
class [[nodiscard]] StaggeredResult {
 public:
  StaggeredResult() = default;
  std::optional<T> value;                  ///< empty if every attempt failed
  std::optional<std::size_t> index;        ///< the winner's position
  std::vector<std::exception_ptr> errors;  ///< by position, for the attempts that were started; null: did not fail
};

namespace detail {

template <class F, class T>
struct Staggered {
  Staggered(std::vector<F> functions, TimeLimit between) : attempts(std::move(functions)), delay(between) {}
  std::vector<F> attempts;
  TimeLimit delay;
  StaggeredResult<T> result;
};

// However the attempt ends, the next one need not wait any longer.
template <class T, class Ended>
struct AttemptEnd {
  AttemptEnd(TaskGroup& owner, Ended end, StaggeredResult<T>& to, std::size_t at)
      : group(owner), ended(std::move(end)), result(to), position(at) {}
  AttemptEnd(const AttemptEnd&) = delete;
  AttemptEnd& operator=(const AttemptEnd&) = delete;
  ~AttemptEnd() {
    // Cancelled by somebody else: that counts as a failure.
    if (!reported && !group.closing()) {
      Frame* task = running_task(get_running_loop());
      result.errors[position] = std::make_exception_ptr(
          CancelledError(task == nullptr || task->details == nullptr ? std::string() : task->details->reason));
    }
    ended.set_result_unless_done();
  }
  TaskGroup& group;
  Ended ended;
  StaggeredResult<T>& result;
  std::size_t position;
  bool reported = false;
};

template <class F, class T, class Ended>
Task<> run_attempt(TaskGroup& group, Staggered<F, T>& race, std::size_t position, std::optional<Ended> before) {
  if (before) co_await move_on_after(race.delay, shield(*before));
  race.result.errors.emplace_back();
  const Ended ended(get_running_loop());
  AttemptEnd<T, Ended> end(group, ended, race.result, position);
  if (position + 1 < race.attempts.size() && !group.closing())
    group.create_task(run_attempt<F, T, Ended>(group, race, position + 1, ended));
  try {
    T value = co_await race.attempts[position]();
    if (!race.result.value) {
      race.result.value.emplace(std::move(value));
      race.result.index = position;
    }
  } catch (...) {
    end.reported = true;
    race.result.errors[position] = std::current_exception();
  }
  if (race.result.value) group.cancel();
}

template <class F, class T>
Task<> start_attempts(TaskGroup& group, Staggered<F, T>& race) {
  if (!race.attempts.empty()) group.create_task(run_attempt<F, T, Future<>>(group, race, 0, std::nullopt));
  co_return;
}

template <class F>
constexpr bool check_attempts() {
  constexpr bool kCallable = std::is_invocable_v<F&>;
  static_assert(kCallable, "eddy: the attempts of staggered_race are functions without arguments that return a Task of a value");
  if constexpr (kCallable) {
    if constexpr (check_gives_awaitable<F&>()) {
      constexpr bool kValue = !std::is_void_v<AwaitResult<std::invoke_result_t<F&>>>;
      static_assert(kValue, "eddy: the attempts of staggered_race give a value each: by it the winner is known");
      return kValue;
    }
  }
  return false;
}

template <class F>
auto staggered_race(std::vector<F> attempts, TimeLimit delay) -> Task<StaggeredResult<AwaitResult<std::invoke_result_t<F&>>>> {
  using T = AwaitResult<std::invoke_result_t<F&>>;
  Staggered<F, T> race(std::move(attempts), delay);
  co_await task_group(&start_attempts<F, T>, std::ref(race));
  co_return std::move(race.result);
}

}  // namespace detail

/// Starts the first attempt, and each next one when `delay` has passed since the one before it started or that one has
/// failed; `nullopt` starts the next one only after a failure. Completes with the first success, after the other attempts were cancelled and
/// have ended, or with all the errors. `attempts` is a range of functions that return a Task of a value; an lvalue is
/// copied.
///
/// Cancellation: cancels all attempts and waits for them. Errors: none of its own; an empty range gives an empty result.
/// Source: asyncio.staggered.staggered_race (happy eyeballs).
template <class R>
auto staggered_race(R&& attempts, TimeLimit delay) {
  using F = std::remove_cvref_t<decltype(*std::begin(attempts))>;
  detail::check_callables<R>();
  if constexpr (detail::check_attempts<F>()) {
    std::vector<F> functions;
    for (auto&& attempt : attempts) {
      if constexpr (std::is_lvalue_reference_v<R>) {
        functions.push_back(attempt);
      } else {
        functions.push_back(std::move(attempt));
      }
    }
    return detail::staggered_race(std::move(functions), delay);
  }
}

}  // namespace eddy::inline EDDY_ABI
