// staggered_race: starts one attempt after another until one succeeds; a failure starts the next one early.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/outcome.hpp>
#include <eddy/combine/task_group.hpp>
#include <eddy/combine/wait.hpp>

#include <cstddef>
#include <exception>
#include <iterator>
#include <optional>
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

template <class F>
auto attempt(F& fn) -> Task<Outcome<AwaitResult<std::invoke_result_t<F&>>>> {
  using T = AwaitResult<std::invoke_result_t<F&>>;
  std::exception_ptr error;
  try {
    co_return Outcome<T>::from_value(co_await fn());
  } catch (...) {
    error = std::current_exception();
  }
  co_return Outcome<T>::from_exception(std::move(error));
}

template <class F, class T>
Task<> stagger(TaskGroup& group, std::vector<F>& attempts, TimeLimit delay, StaggeredResult<T>& result) {
  std::vector<TaskHandle<Outcome<T>>> running;
  std::vector<std::size_t> positions;
  std::size_t started = 0;
  while (started < attempts.size() || !running.empty()) {
    if (started < attempts.size()) {
      running.push_back(group.create_task(attempt(attempts[started])));
      positions.push_back(started++);
      result.errors.emplace_back();
    }
    const TimeLimit limit = started < attempts.size() ? delay : TimeLimit(std::nullopt);
    auto ended = co_await wait(running, ReturnWhen::first_completed, limit);
    if (ended.done.empty()) continue;
    for (std::size_t i = 0; i < running.size();) {
      if (!running[i].done()) {
        ++i;
        continue;
      }
      Outcome<T> outcome = co_await std::move(running[i]);
      if (outcome.has_value() && !result.value) {
        result.value.emplace(std::move(outcome).value());
        result.index = positions[i];
      }
      result.errors[positions[i]] = outcome.exception();
      running.erase(running.begin() + static_cast<std::ptrdiff_t>(i));
      positions.erase(positions.begin() + static_cast<std::ptrdiff_t>(i));
    }
    if (result.value) break;
  }
  group.cancel();
}

template <class F>
auto staggered_race(std::vector<F> attempts, TimeLimit delay) -> Task<StaggeredResult<AwaitResult<std::invoke_result_t<F&>>>> {
  using T = AwaitResult<std::invoke_result_t<F&>>;
  StaggeredResult<T> result;
  co_await task_group(&stagger<F, T>, std::ref(attempts), delay, std::ref(result));
  co_return result;
}

}  // namespace detail

/// Starts the first attempt, and each next one when `delay` has passed or all that run have failed meanwhile; `nullopt`
/// starts the next one only after a failure. Completes with the first success, after the other attempts were cancelled and
/// have ended, or with all the errors. `attempts` is a range of functions that return a Task of a value; it is used up.
/// Cancellation: cancels all attempts and waits for them. Errors: none of its own; an empty range gives an empty result.
/// Source: asyncio.staggered.staggered_race (happy eyeballs).
template <class R>
auto staggered_race(R attempts, TimeLimit delay) {
  using F = std::remove_cvref_t<decltype(*std::begin(attempts))>;
  std::vector<F> functions(std::make_move_iterator(std::begin(attempts)), std::make_move_iterator(std::end(attempts)));
  return detail::staggered_race(std::move(functions), delay);
}

}  // namespace eddy::inline EDDY_ABI
