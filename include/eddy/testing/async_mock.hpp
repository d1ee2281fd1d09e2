// AsyncMock: a coroutine function that does what a test tells it to, and remembers how it was called.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/error.hpp>
#include <eddy/base/time.hpp>
#include <eddy/task/sleep.hpp>
#include <eddy/task/task.hpp>

#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace eddy::inline EDDY_ABI::testing {

/// Thrown by the assertions of a mock: it was not used as the test says it should have been; `what()` has both. Let it fail the
/// test. Source: AssertionError.
class AssertionError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

template <class Signature>
class AsyncMock;

/// A stand-in for a coroutine function that takes Args and gives R. Copies share what they are told and what they remember,
/// so one copy can be passed on and another asked.
///
/// What a call does, the first that was set: `side_effect` (a sequence: one element a call; a function, which may be a
/// coroutine function: called with the arguments), `return_value`, R's default value. `delay` comes before it. A call is
/// remembered when it is made, and counted as awaited when it starts to run.
///
/// Errors: InvalidStateError from a call that has nothing to give: a sequence that is used up, an R without a default
/// value. Threads: one loop's. Source: unittest.mock.AsyncMock.
template <class R, class... Args>
class AsyncMock<R(Args...)> {
  static_assert(!std::is_reference_v<R>, "eddy: an AsyncMock gives a value: let R be no reference");
  static_assert((std::is_copy_constructible_v<std::decay_t<Args>> && ...),
                "eddy: an AsyncMock remembers a copy of each argument, so each must be copyable");

  using Value = std::conditional_t<std::is_void_v<R>, std::monostate, R>;

 public:
  /// What the arguments of a call are remembered as.
  using Call = std::tuple<std::decay_t<Args>...>;
  /// An element of a sequence: a value, or what the call throws.
  using Effect = std::variant<Value, std::exception_ptr>;

  AsyncMock() : state_(std::make_shared<State>()) {}

  /// Every call gives a copy of `value`.
  AsyncMock& return_value(Value value) {
    state_->give = [kept = std::move(value)](const Args&...) -> Value { return kept; };
    return *this;
  }
  /// The calls give these one after another; an exception_ptr is thrown. Errors: std::invalid_argument for a null one.
  AsyncMock& side_effect(std::vector<Effect> effects) {
    for (const Effect& effect : effects) {
      const auto* error = std::get_if<std::exception_ptr>(&effect);
      if (error != nullptr && !*error) throw std::invalid_argument("eddy: a side_effect of an AsyncMock is a null exception_ptr");
    }
    auto queue = std::make_shared<std::deque<Effect>>(std::make_move_iterator(effects.begin()), std::make_move_iterator(effects.end()));
    return set_effect([queue](const Args&...) -> Value {
      if (queue->empty()) throw InvalidStateError("eddy: the side_effect of an AsyncMock is used up");
      Effect effect = std::move(queue->front());
      queue->pop_front();
      if (auto* error = std::get_if<std::exception_ptr>(&effect)) std::rethrow_exception(*error);
      return std::move(std::get<0>(effect));
    });
  }
  /// Every call throws this. A null one takes an earlier side_effect back.
  AsyncMock& side_effect(std::exception_ptr error) {
    if (!error) return set_effect(nullptr);
    return set_effect([kept = std::move(error)](const Args&...) -> Value { std::rethrow_exception(kept); });
  }
  /// The same for an exception that is no pointer: `side_effect(std::runtime_error("down"))`.
  template <class E>
    requires std::is_base_of_v<std::exception, E>
  AsyncMock& side_effect(E error) {
    return side_effect(std::make_exception_ptr(std::move(error)));
  }
  /// Every call gives what `fn` gives for its arguments; that of a coroutine function is awaited.
  template <class F>
    requires std::is_invocable_v<F&, const Args&...>
  AsyncMock& side_effect(F fn) {
    if constexpr (std::is_same_v<std::invoke_result_t<F&, const Args&...>, Task<R>>) {
      state_->effect = nullptr;
      state_->coroutine = std::move(fn);
      return *this;
    } else {
      return side_effect_now(std::move(fn));
    }
  }
  /// Every call first waits this long on the loop's clock.
  AsyncMock& delay(Duration duration) noexcept {
    state_->delay = duration;
    return *this;
  }

  /// Remembers the call; what it gives is awaited as of any coroutine.
  Task<R> operator()(Args... args) const {
    state_->calls.emplace_back(args...);
    return answer(state_, std::forward<Args>(args)...);
  }

  /// How often it was called.
  [[nodiscard]] std::size_t call_count() const noexcept { return state_->calls.size(); }
  /// How often a call was awaited.
  [[nodiscard]] std::size_t await_count() const noexcept { return state_->awaits; }
  /// The arguments of all calls, oldest first.
  [[nodiscard]] const std::vector<Call>& calls() const noexcept { return state_->calls; }
  /// The arguments of the last call. Errors: AssertionError if there was none.
  [[nodiscard]] const Call& call_args() const {
    need(!state_->calls.empty(), "expected a call, but there was none");
    return state_->calls.back();
  }

  /// Throws AssertionError unless it was called; the others alike.
  void assert_called() const { need(call_count() > 0, "expected a call, but there was none"); }
  /// It was called exactly once.
  void assert_called_once() const { need(call_count() == 1, "expected one call, but there were " + std::to_string(call_count())); }
  /// It was never called.
  void assert_not_called() const { need(call_count() == 0, "expected no call, but there were " + std::to_string(call_count())); }
  /// The last call had these arguments.
  void assert_called_with(const std::decay_t<Args>&... args) const {
    need(call_args() == std::tie(args...), "the last call had other arguments");
  }
  /// There was one call, with these arguments.
  void assert_called_once_with(const std::decay_t<Args>&... args) const {
    assert_called_once();
    assert_called_with(args...);
  }
  /// Some call had these arguments.
  void assert_any_call(const std::decay_t<Args>&... args) const {
    for (const Call& call : state_->calls) {
      if (call == std::tie(args...)) return;
    }
    need(false, "no call had these arguments");
  }
  /// Some call was awaited.
  void assert_awaited() const { need(await_count() > 0, "expected an await, but there was none"); }
  /// Exactly one call was awaited.
  void assert_awaited_once() const { need(await_count() == 1, "expected one await, but there were " + std::to_string(await_count())); }
  /// No call was awaited.
  void assert_not_awaited() const { need(await_count() == 0, "expected no await, but there were " + std::to_string(await_count())); }

  /// Forgets the calls; what it gives stays. Source: reset_mock.
  void reset() noexcept {
    state_->calls.clear();
    state_->awaits = 0;
  }

 private:
  struct State {
    std::function<Value(const Args&...)> effect;
    std::function<Task<R>(const Args&...)> coroutine;  // the effect, instead
    std::function<Value(const Args&...)> give;
    Duration delay{-1};
    std::vector<Call> calls;
    std::size_t awaits = 0;
  };

  template <class F>
  AsyncMock& side_effect_now(F fn) {
    return set_effect([kept = std::move(fn)](const Args&... args) mutable -> Value {
      if constexpr (std::is_void_v<R>) {
        kept(args...);
        return {};
      } else {
        return kept(args...);
      }
    });
  }
  AsyncMock& set_effect(std::function<Value(const Args&...)> effect) {
    state_->coroutine = nullptr;
    state_->effect = std::move(effect);
    return *this;
  }
  static Task<R> answer(std::shared_ptr<State> state, std::decay_t<Args>... args) {
    ++state->awaits;
    if (state->delay >= Duration::zero()) co_await sleep(state->delay);
    if (state->coroutine) {
      co_return co_await state->coroutine(args...);
    } else if (state->effect) {
      if constexpr (std::is_void_v<R>) {
        (void)state->effect(args...);
      } else {
        co_return state->effect(args...);
      }
    } else if (state->give) {
      if constexpr (!std::is_void_v<R>) co_return state->give(args...);
    } else if constexpr (std::is_default_constructible_v<Value> && !std::is_void_v<R>) {
      co_return Value();
    } else if constexpr (!std::is_void_v<R>) {
      throw InvalidStateError("eddy: an AsyncMock was told neither a return_value nor a side_effect");
    }
  }
  static void need(bool holds, const std::string& text) {
    if (!holds) throw AssertionError("eddy: AsyncMock: " + text);
  }

  std::shared_ptr<State> state_;
};

}  // namespace eddy::inline EDDY_ABI::testing
