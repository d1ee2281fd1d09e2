// retry: calls a coroutine function again when it fails, with a growing delay between the attempts.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/callable.hpp>
#include <eddy/base/callback.hpp>
#include <eddy/base/nested_error.hpp>
#include <eddy/combine/timeout.hpp>
#include <eddy/task/create_task.hpp>
#include <eddy/task/sleep.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>
#include <stdexcept>
#include <tuple>
#include <type_traits>
#include <utility>

namespace eddy::inline EDDY_ABI {

/// How often, and how patiently, `retry` tries. All members are plain data, so it can be written where it is used:
/// `retry({.max_attempts = 5, .delay = 1s}, fetch, url)`.
struct RetryPolicy {
  int max_attempts = 3;                              ///< calls in all; less than 1 is refused
  Duration delay = std::chrono::seconds(1);          ///< before the second attempt
  double factor = 2.0;                               ///< each further delay is so many times the one before
  Duration max_delay = Duration::max();              ///< no delay is longer
  double jitter = 0.0;                               ///< each delay is made longer or shorter by up to this part of it
  std::optional<Duration> budget = std::nullopt;     ///< for everything together; also cuts a running attempt
  bool (*retry_on)(const std::exception_ptr&) = nullptr;  ///< which errors are tried again; null: all
};

/// A failed attempt that will be followed by another, as a hook sees it.
struct RetryAttempt {
  int attempt;                       ///< 1 for the first call
  const std::exception_ptr& error;   ///< what it threw
  Duration delay;                    ///< how long is waited now
};

namespace detail {

// A hook, checked as the functions of combinators are.
template <class Hook, class F>
Hook make_hook(F&& fn) {
  static_assert(std::is_constructible_v<Hook, F>,
                "eddy: RetryHooks takes before_wait(const eddy::RetryAttempt&), then retry_on(const std::exception_ptr&), which "
                "gives a bool; nullptr for none");
  if constexpr (!std::is_same_v<std::remove_cvref_t<F>, Hook>) check_callable<F>();
  if constexpr (std::is_constructible_v<Hook, F>) return Hook(std::forward<F>(fn));
}

}  // namespace detail

/// What `retry` calls besides: `before_wait(attempt)` before each delay, and `retry_on(error)`, which may capture things,
/// to decide whether an error is tried again. nullptr stands for none.
class RetryHooks {
  using BeforeWait = Callback<void(const RetryAttempt&)>;
  using RetryOn = Callback<bool(const std::exception_ptr&)>;

 public:
  RetryHooks() = default;
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, RetryHooks>)
  explicit RetryHooks(F&& before_wait) : before_wait_(detail::make_hook<BeforeWait>(std::forward<F>(before_wait))) {}
  template <class F, class G>
  RetryHooks(F&& before_wait, G&& retry_on)
      : before_wait_(detail::make_hook<BeforeWait>(std::forward<F>(before_wait))),
        retry_on_(detail::make_hook<RetryOn>(std::forward<G>(retry_on))) {}

  /// Calls the first one, if there is one.
  void before_wait(const RetryAttempt& attempt) {
    if (before_wait_) before_wait_(attempt);
  }
  /// Asks the second one; without it every error is tried again.
  [[nodiscard]] bool retries(const std::exception_ptr& error) { return !retry_on_ || retry_on_(error); }

 private:
  BeforeWait before_wait_;
  RetryOn retry_on_;
};

namespace detail {

// The delay after the given attempt, with its cap and jitter.
inline Duration retry_delay(const RetryPolicy& policy, int attempt, std::uint64_t random) {
  long double delay = static_cast<long double>(policy.delay.count());
  const auto cap = static_cast<long double>(policy.max_delay.count());
  if (delay > 0) delay *= __builtin_powl(static_cast<long double>(policy.factor), attempt - 1);
  if (delay > cap) delay = cap;
  if (policy.jitter > 0) {
    const auto part = static_cast<long double>(random >> 11) / static_cast<long double>(std::uint64_t{1} << 53);  // 0 … 1
    delay *= 1 + static_cast<long double>(policy.jitter) * (2 * part - 1);
    if (delay > cap) delay = cap;
  }
  return delay < 0 ? Duration::zero() : to_duration(std::chrono::duration<long double, std::nano>(delay));
}

// splitmix64: a well-spread number from a counter.
inline std::uint64_t mix(std::uint64_t x) noexcept {
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

inline void check_policy(const RetryPolicy& policy) {
  if (policy.max_attempts < 1) throw std::invalid_argument("eddy: retry needs max_attempts of at least 1");
  if (!(policy.factor >= 0) || !(policy.jitter >= 0))
    throw std::invalid_argument("eddy: retry needs a factor and a jitter of at least 0");
}

// Calls a hook after an attempt has failed with `error`; what the hook throws takes the place of that error.
template <class Hook>
auto call_hook(EventLoop& loop, const std::exception_ptr& error, Hook hook) {
  try {
    return hook();
  } catch (...) {
    const std::exception_ptr thrown = std::current_exception();
    if (thrown == error) throw;  // it only passed the error on
    throw_displacing(thrown, error, [&loop](std::exception_ptr displaced) {
      report(&loop, "a hook of retry threw after an attempt had failed with this", std::move(displaced), running_task(loop));
    });
  }
}

// In the place of RetryHooks where there are none.
struct NoRetryHooks {
  void before_wait(const RetryAttempt&) const noexcept {}
  [[nodiscard]] bool retries(const std::exception_ptr&) const noexcept { return true; }
};

template <class Hooks, class F, class... Args>
auto retry_loop(RetryPolicy policy, Hooks hooks, F fn, Args... args) -> Task<AwaitResult<std::invoke_result_t<F&, const Args&...>>> {
  using T = AwaitResult<std::invoke_result_t<F&, const Args&...>>;
  EventLoop& loop = get_running_loop();
  std::optional<TimePoint> end;
  if (policy.budget) end = saturating_add(loop.time(), *policy.budget);
  std::exception_ptr last;
  for (int attempt = 1;; ++attempt) {
    std::exception_ptr error;
    bool cut = false;
    try {
      auto call = make_timeout<OnExpiry::give_nothing>(Limit(end), fn(std::as_const(args)...));
      if constexpr (std::is_void_v<T>) {
        cut = !co_await std::move(call);
        if (!cut) co_return;
      } else if constexpr (std::is_reference_v<T>) {
        auto* result = co_await std::move(call);
        if (result != nullptr) co_return static_cast<T>(*result);
        cut = true;
      } else {
        std::optional<T> result = co_await std::move(call);
        if (result) co_return *std::move(result);
        cut = true;
      }
    } catch (const CancelledError&) {
      throw;
    } catch (...) {
      error = std::current_exception();
    }
    if (cut) {
      if (last) std::rethrow_exception(last);
      throw TimeoutError("eddy: retry used up its budget before an attempt ended");
    }
    last = error;
    const auto retries = [&] { return (policy.retry_on == nullptr || policy.retry_on(error)) && hooks.retries(error); };
    if (attempt >= policy.max_attempts || !call_hook(loop, error, retries)) std::rethrow_exception(error);
    const std::uint64_t seed = static_cast<std::uint64_t>(loop.time().time_since_epoch().count()) ^ reinterpret_cast<std::uintptr_t>(&error);
    const Duration delay = retry_delay(policy, attempt, mix(seed + static_cast<std::uint64_t>(attempt)));
    if (end && saturating_add(loop.time(), delay) >= *end) std::rethrow_exception(error);
    call_hook(loop, error, [&] { hooks.before_wait({attempt, error, delay}); });
    co_await sleep(delay);
  }
}

template <class Hooks, class F, class... Args>
auto make_retry(const RetryPolicy& policy, Hooks&& hooks, F&& fn, Args&&... args) {
  constexpr bool kCallable = std::is_invocable_v<std::decay_t<F>&, const std::decay_t<Args>&...>;
  static_assert(kCallable,
                "eddy: retry calls its function again with the same arguments, so give it the function, not a Task, and let it "
                "take them by value or by const reference (or as std::ref)");
  check_callable<F>();
  check_policy(policy);
  if constexpr (kCallable) {
    if constexpr (check_gives_awaitable<std::decay_t<F>&, const std::decay_t<Args>&...>())
      return retry_loop<Hooks, std::decay_t<F>, std::decay_t<Args>...>(policy, std::move(hooks), std::forward<F>(fn),
                                                                       std::forward<Args>(args)...);
  }
}

}  // namespace detail

/// `retry` with hooks; see below.
template <class F, class... Args>
auto retry(RetryPolicy policy, RetryHooks hooks, F&& fn, Args&&... args) {
  return detail::make_retry(policy, std::move(hooks), std::forward<F>(fn), std::forward<Args>(args)...);
}
/// Calls `fn(args…)`, a coroutine function, until it succeeds, and completes with what it gave. Between the attempts it waits;
/// after the last failure it does not. The arguments are kept and passed by const reference or copied to each call.
///
/// Errors: the last attempt's, when all attempts failed, the policy does not want this error tried again, or the next
/// delay would end beyond the budget; when the budget cuts a running attempt, the error before it, or TimeoutError if
/// there was none; what a hook throws, with the attempt's error nested into it; std::invalid_argument for max_attempts < 1.
/// Cancellation: passes at once, from an attempt and from a delay; CancelledError is never tried again. It runs in the
/// caller's task. Source: tenacity, folly::coro::retryN.
template <class F, class... Args>
  requires(!std::is_same_v<std::remove_cvref_t<F>, RetryHooks>)
auto retry(RetryPolicy policy, F&& fn, Args&&... args) {
  return detail::make_retry(policy, detail::NoRetryHooks(), std::forward<F>(fn), std::forward<Args>(args)...);
}
template <class Called = void>
auto retry(RetryPolicy) {
  static_assert(!std::is_void_v<Called>, "eddy: retry needs the function that it is to call: write retry({.max_attempts = 3}, f, arguments)");
}
template <class Policy, class... Args>
  requires(!std::is_convertible_v<Policy, RetryPolicy>)
auto retry(Policy&&, Args&&...) {
  static_assert(std::is_convertible_v<Policy, RetryPolicy>,
                "eddy: retry takes a policy, then the function, then its arguments: write retry({.max_attempts = 3}, f, arguments)");
}

}  // namespace eddy::inline EDDY_ABI
