// Once<T>: a value that is made when it is first needed, by one task, for all.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/sync/sync_waiter.hpp>
#include <eddy/task/create_task.hpp>

#include <coroutine>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>

namespace eddy::inline EDDY_ABI {

namespace detail {

// Whose turn it is to run the initialiser.
class OnceTurns {
 public:
  class [[nodiscard]] Awaiter final : public WaiterOf<OnceTurns> {
   public:
    explicit Awaiter(OnceTurns* turns) noexcept : WaiterOf(turns) {}
    [[nodiscard]] bool await_ready() noexcept {
      mine_ = source_->state_ == State::idle;
      if (mine_) source_->state_ = State::running;
      return mine_ || source_->state_ == State::done;
    }
    template <class P>
    EDDY_SUSPEND void await_suspend(std::coroutine_handle<P> handle) {
      wait_in(source_->waiters_, frame_of(handle));
    }
    // True if it is the caller's turn; he says `succeeded` or `pass_on` then.
    [[nodiscard]] bool await_resume() const {
      check_alive();
      return mine_;
    }

   private:
    friend class OnceTurns;
    void leave() noexcept override { source_->waiters_.remove(this); }
    [[nodiscard]] const char* waits_for() const noexcept override { return "a once"; }
    bool mine_ = false;
  };

  OnceTurns() noexcept = default;
  OnceTurns(const OnceTurns&) = delete;
  OnceTurns& operator=(const OnceTurns&) = delete;
  ~OnceTurns() { break_waiters(waiters_); }

  [[nodiscard]] Awaiter turn() noexcept { return Awaiter(this); }
  [[nodiscard]] bool done() const noexcept { return state_ == State::done; }
  void succeeded() noexcept {
    state_ = State::done;
    waiters_.wake_all();
  }
  // The next one tries, or whoever comes first.
  void pass_on() noexcept {
    if (auto* next = static_cast<Awaiter*>(waiters_.front())) {
      next->mine_ = true;
      waiters_.wake_front();
    } else {
      state_ = State::idle;
    }
  }

 private:
  enum class State : std::uint8_t { idle, running, done };
  WaitQueue waiters_;
  State state_ = State::idle;
};

}  // namespace detail

/// A value that is made when it is first asked for; without a T, something that is done once.
///
///     eddy::Once<Connection> connection;
///     Connection& shared = co_await connection.call(connect, host);
///
/// A call that comes while the first one runs waits for it.
/// Threads: for one loop's thread. It must outlive the calls of `call`. Source: tokio's OnceCell, std::call_once.
template <class T = void>
class Once {
  static_assert(!std::is_reference_v<T>,
                "eddy: a Once keeps a value: for something that lives elsewhere use a pointer");

 public:
  Once() noexcept = default;

  /// Completes with the value (a reference that is valid while the Once lives), made by `co_await fn(args…)` in the
  /// first caller's task; the other callers meanwhile wait, and their `fn` is never called. `fn` and `args` are moved
  /// or copied.
  /// If it fails, the caller whose `fn` it was gets the exception, and the caller who has waited longest tries his own.
  /// An `fn` that calls the same Once waits for itself.
  /// Cancellation: a cancelled initialiser, too, lets the next caller try; a cancelled waiter leaves the queue.
  /// Errors: what `fn` throws; BrokenResourceError for waiters of a Once that is destroyed.
  /// Complexity: one task frame, also if the value is there already; `get` costs nothing.
  template <class F, class... Args>
  Task<std::add_lvalue_reference_t<T>> call(F&& fn, Args&&... args) {
    if constexpr (detail::check_task_function<F, Args...>()) {
      using Made = AwaitResult<std::invoke_result_t<std::decay_t<F>&, std::decay_t<Args>...>>;
      if constexpr (std::is_void_v<T>) {
        static_assert(std::is_void_v<Made>, "eddy: this function gives a value: call it by a Once<T>, which keeps it");
      } else {
        static_assert(std::is_constructible_v<T, Made>,
                      "eddy: the value of this Once cannot be made from what the function gives");
      }
      return make<std::decay_t<F>, std::decay_t<Args>...>(std::forward<F>(fn), std::forward<Args>(args)...);
    }
  }
  /// True once the value was made.
  [[nodiscard]] bool done() const noexcept { return turns_.done(); }
  /// The value; null before it was made.
  template <class U = T>
    requires(!std::is_void_v<U>)
  [[nodiscard]] U* get() noexcept {
    return done() ? &*value_ : nullptr;
  }
  template <class U = T>
    requires(!std::is_void_v<U>)
  [[nodiscard]] const U* get() const noexcept {
    return done() ? &*value_ : nullptr;
  }

 private:
  struct Nothing {};
  // However the attempt ends, somebody hears of it.
  struct Attempt {
    explicit Attempt(Once& once) noexcept : of(&once) {}
    Attempt(const Attempt&) = delete;
    Attempt& operator=(const Attempt&) = delete;
    ~Attempt() {
      if (of != nullptr) of->turns_.pass_on();
    }
    void succeeded() noexcept { std::exchange(of, nullptr)->turns_.succeeded(); }
    Once* of;
  };

  template <class F, class... Args>
  Task<std::add_lvalue_reference_t<T>> make(F fn, Args... args) {
    const bool mine = co_await turns_.turn();
    if (mine) {
      Attempt attempt(*this);
      if constexpr (std::is_void_v<T>) {
        co_await fn(std::move(args)...);
      } else {
        auto&& made = co_await fn(std::move(args)...);
        value_.emplace(std::forward<decltype(made)>(made));
      }
      attempt.succeeded();
    }
    if constexpr (!std::is_void_v<T>) co_return *value_;
  }

  detail::OnceTurns turns_;
  std::optional<std::conditional_t<std::is_void_v<T>, Nothing, T>> value_;
};

}  // namespace eddy::inline EDDY_ABI
