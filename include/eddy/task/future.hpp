// Future<T>: a result that somebody sets by hand, for bridging callbacks and tasks.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/error.hpp>
#include <eddy/base/outcome.hpp>
#include <eddy/base/replace.hpp>
#include <eddy/loop/context.hpp>
#include <eddy/loop/waiter.hpp>
#include <eddy/task/done_callback.hpp>
#include <eddy/task/misuse.hpp>

#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace eddy::inline EDDY_ABI {

/// The setter of a Future was dropped before it set anything: nobody can set it any more. Set an exception in its place.
class BrokenPromise : public RuntimeError {
 public:
  BrokenPromise() : RuntimeError("eddy: the future's setter was dropped before it set a result") {}
};

namespace detail {

struct FutureAccess;

template <class T>
struct FutureState {
  explicit FutureState(EventLoop& event_loop) noexcept : loop(&event_loop) {}
  FutureState(const FutureState&) = delete;
  FutureState& operator=(const FutureState&) = delete;
  ~FutureState() {
    drop_done_callbacks(waiters);
    if (!outcome || !outcome->has_exception() || retrieved) return;
    report(running_loop_slot(), "an exception of a future was never retrieved", outcome->exception());
  }

  // In debug mode, as far as somebody waits: without a waiter the loop may be gone.
  void check_thread() const {
    if (const WaitNode* node = waiters.front()) EventLoop::Internals::check_thread(EventLoop::Internals::loop(*node->loop));
  }
  void check_pending() const {
    check_thread();
    if (outcome) throw_misuse("the future is done already");
  }
  void finish(Outcome<T> how) noexcept {
    outcome.emplace(std::move(how));
    references += self_references;
    self_references = 0;
    waiters.wake_all();
  }
  bool cancel(std::string reason) {
    if (outcome) return false;
    finish(Outcome<T>::from_cancelled(std::make_exception_ptr(CancelledError(std::move(reason)))));
    return true;
  }
  Outcome<T>& get() {
    if (!outcome) throw_misuse("the future is not done yet: await it");
    retrieved = true;
    return *outcome;
  }

  std::uint32_t references = 0;
  std::uint32_t self_references = 0;
  bool retrieved = false;
  EventLoop* loop;
  WaitQueue waiters;
  std::optional<Outcome<T>> outcome;
};

// What a done callback knows its future by: it keeps it alive once it is done, not before, or neither would ever go.
template <class T>
class SelfReference {
 public:
  explicit SelfReference(FutureState<T>* state) noexcept : state_(state) { ++count(); }
  SelfReference(SelfReference&& other) noexcept : state_(replace(other.state_, nullptr)) {}
  SelfReference& operator=(SelfReference&&) = delete;
  ~SelfReference() {
    if (state_ != nullptr && --count() == 0 && state_->outcome) delete state_;
  }
  [[nodiscard]] LocalPointer<FutureState<T>> pointer() const noexcept { return LocalPointer<FutureState<T>>(state_); }

 private:
  [[nodiscard]] std::uint32_t& count() const noexcept {
    return state_->outcome ? state_->references : state_->self_references;
  }
  FutureState<T>* state_;
};

template <class T>
struct [[nodiscard]] FutureAwaiter final : Waiter {
  explicit FutureAwaiter(LocalPointer<FutureState<T>> state) noexcept : state_(std::move(state)) {}
  [[nodiscard]] bool await_ready() const noexcept { return state_->outcome.has_value(); }
  template <class P>
  void await_suspend(std::coroutine_handle<P> handle) noexcept {
    wait_in(state_->waiters, frame_of(handle));
  }
  decltype(auto) await_resume() { return std::as_const(state_->get()).value(); }

 private:
  // As in asyncio a cancelled waiter cancels the future, and with it everybody else who awaits it. It keeps its place among
  // them: it is woken with all, to be unwound.
  CancelResult try_cancel(bool) noexcept override {
    target->state = State::leaving;
    state_->cancel({});
    return CancelResult::later;
  }
  [[nodiscard]] const char* waits_for() const noexcept override { return "a future"; }
  [[nodiscard]] const void* waits_at() const noexcept override { return state_.get(); }
  LocalPointer<FutureState<T>> state_;
};

}  // namespace detail

template <class T>
class FutureSetter;

/// A result that will be set by hand. Copies refer to the same future. `co_await future` completes when it is
/// done, with `const T&` (valid while a Future lives), throws what was set, or CancelledError. Made by
/// `EventLoop::create_future`.
///
/// Cancellation: a cancel of an awaiting task cancels the future, and so everybody who awaits it; `shield` prevents that.
/// Threads: for the loop's thread.
/// Source: asyncio.Future.
template <class T>
class [[nodiscard]] Future {
 public:
  using value_type = T;
  explicit Future(EventLoop& loop) : state_(new detail::FutureState<T>(loop)) {}

  /// True once a result or an exception was set, or it was cancelled.
  [[nodiscard]] bool done() const noexcept { return state_->outcome.has_value(); }
  /// True if it was cancelled.
  [[nodiscard]] bool cancelled() const noexcept { return done() && state_->outcome->cancelled(); }
  /// What was set. Errors: what was set by `set_exception`; CancelledError; InvalidStateError if it is not done.
  decltype(auto) result() const { return std::as_const(state_->get()).value(); }
  /// The exception that was set; null if there is a value. Errors: CancelledError, InvalidStateError.
  [[nodiscard]] std::exception_ptr exception() const {
    const Outcome<T>& outcome = state_->get();
    if (outcome.cancelled()) std::rethrow_exception(outcome.exception());
    return outcome.exception();
  }
  /// Completes it with a value made from `args`; none for void. Errors: InvalidStateError if it is done.
  template <class... Args>
  void set_result(Args&&... args) const {
    state_->check_pending();
    state_->finish(make_value(std::forward<Args>(args)...));
  }
  /// As `set_result`, but does nothing if it is done or cancelled already; false then.
  template <class... Args>
  bool set_result_unless_done(Args&&... args) const {
    if (done()) return false;
    set_result(std::forward<Args>(args)...);
    return true;
  }
  /// Completes it with an exception. Errors: InvalidStateError if it is done; std::invalid_argument for a null one.
  void set_exception(std::exception_ptr error) const {
    if (!error) throw std::invalid_argument("eddy: set_exception needs an exception");
    state_->check_pending();
    state_->finish(Outcome<T>::from_exception(std::move(error)));
  }
  /// Cancels it; false if it is done already.
  bool cancel(std::string reason = {}) const {
    state_->check_thread();
    return state_->cancel(std::move(reason));
  }
  /// Calls `fn()` or `fn(future)` from the loop once it is done, in the order of waiters and callbacks.
  template <class F>
  DoneCallbackId add_done_callback(F fn) const {
    Callback<void()> call;
    if constexpr (std::is_invocable_v<F&, const Future&>) {
      call = [self = detail::SelfReference<T>(state_.get()), fn = std::move(fn)]() mutable { fn(Future(self.pointer())); };
    } else {
      call = std::move(fn);
    }
    return detail::add_done_callback(state_->waiters, done(), std::move(call));
  }
  /// Takes a callback back; false if it has run or was taken back before.
  bool remove_done_callback(DoneCallbackId id) const noexcept { return detail::remove_done_callback(state_->waiters, id); }
  /// The one-shot setter; give it to whoever completes the future. Dropped unused it completes with BrokenPromise.
  [[nodiscard]] FutureSetter<T> setter() const { return FutureSetter<T>(*this); }
  /// The loop that it belongs to.
  [[nodiscard]] EventLoop& get_loop() const noexcept { return *state_->loop; }

  /// Waits until it is set and gives a `const T&`. Cancellation: cancels the future, for all who wait for it. Errors: the one that
  /// was set; CancelledError if it was cancelled.
  auto operator co_await() const { return detail::FutureAwaiter<T>(state_); }

 private:
  explicit Future(detail::LocalPointer<detail::FutureState<T>> state) noexcept : state_(std::move(state)) {}
  template <class... Args>
  static Outcome<T> make_value(Args&&... args) {
    if constexpr (std::is_reference_v<T>) {
      return Outcome<T>::from_value(std::addressof(args)...);
    } else {
      return Outcome<T>::from_value(std::forward<Args>(args)...);
    }
  }
  friend struct detail::FutureAccess;
  detail::LocalPointer<detail::FutureState<T>> state_;
};

/// Completes a Future, once. Can be moved, not copied. After it was used, or was moved from, calling it throws
/// InvalidStateError; a future that was cancelled meanwhile ignores it.
template <class T>
class [[nodiscard]] FutureSetter {
 public:
  /// With `breaks` false, dropping it unused leaves the future pending: its owner sees to that.
  explicit FutureSetter(Future<T> future, bool breaks = true) : future_(std::move(future)), breaks_(breaks) {}
  FutureSetter(FutureSetter&& other) noexcept : future_(std::exchange(other.future_, std::nullopt)), breaks_(other.breaks_) {}
  FutureSetter& operator=(FutureSetter&& other) noexcept {
    if (this != &other) {
      drop();
      future_ = std::exchange(other.future_, std::nullopt);
      breaks_ = other.breaks_;
    }
    return *this;
  }
  ~FutureSetter() { drop(); }

  /// Sets the value; `setter()` for void.
  template <class... Args>
  void operator()(Args&&... args) {
    take().set_result_unless_done(std::forward<Args>(args)...);
  }
  /// Sets an exception instead. Errors: as the call; std::invalid_argument for a null one, which uses the setter up, too.
  void set_exception(std::exception_ptr error) {
    const Future<T> future = take();
    if (!future.done()) future.set_exception(std::move(error));
  }

 private:
  Future<T> take() {
    if (!future_) detail::throw_misuse("this setter was used or moved from");
    Future<T> future = std::move(*future_);
    future_.reset();
    return future;
  }
  void drop() noexcept {
    if (!future_) return;
    if (breaks_ && !future_->done()) future_->set_exception(detail::make_error<BrokenPromise>());
    future_.reset();
  }
  std::optional<Future<T>> future_;
  bool breaks_ = true;
};

namespace detail {

struct FutureAccess {
  template <class T>
  static FutureState<T>& state(const Future<T>& future) noexcept {
    return *future.state_;
  }
  // Null for one that was moved from.
  template <class T>
  static const FutureState<T>* find(const Future<T>& future) noexcept {
    return future.state_ ? &*future.state_ : nullptr;
  }
};

template <class T>
inline constexpr bool is_future = false;
template <class T>
inline constexpr bool is_future<Future<T>> = true;

}  // namespace detail

template <class T>
Future<T> EventLoop::create_future() {
  check_open();
  return Future<T>(*this);
}

}  // namespace eddy::inline EDDY_ABI
