// AsyncGenerator<T>: a coroutine that yields values one by one and may wait between them.
//
// Its body runs inside its consumer's next(): it joins the consumer's strand, is entered directly and hands back
// directly, so a value costs no allocation and no turn of the loop.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/error.hpp>
#include <eddy/flow/generator_cleanup.hpp>
#include <eddy/task/promise.hpp>

#include <coroutine>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace eddy::inline EDDY_ABI {

template <class T>
class AsyncGenerator;

namespace detail {

// What one value is handed over as: a pointer to where the body keeps it.
template <class T>
using Yielded = std::remove_reference_t<T>*;

// Suspends at a yield: back to the consumer.
struct YieldBack {
  using EddyAwaiter = void;
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  template <class P>
  EDDY_SUSPEND std::coroutine_handle<> await_suspend(std::coroutine_handle<P> handle) const noexcept {
    Frame* frame = Frame::of(handle);
    frame->state = State::suspended;
    return hop(frame->root, frame->parent);
  }
  void await_resume() const noexcept {}
};

// The same for a value that the body goes on using: the consumer gets a copy.
template <class T>
struct YieldCopy : YieldBack {
  YieldCopy(const T& value, T*& slot) : copy(value) { slot = std::addressof(copy); }
  YieldCopy(const YieldCopy&) = delete;
  T copy;
};

// The end of the body: first the cleanups that it registered, then back to the consumer.
struct GeneratorFinal {
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  template <class P>
  EDDY_SUSPEND std::coroutine_handle<> await_suspend(std::coroutine_handle<P> handle) const noexcept {
    Frame* frame = Frame::of(handle);
    frame->state = State::done;
    GeneratorCleanups& cleanups = handle.promise().cleanups;
    if (cleanups.empty()) return hop(frame->root, frame->parent);
    cleanups.run_before(frame->parent);
    return std::noop_coroutine();
  }
  void await_resume() const noexcept {}
};

template <class T>
struct GeneratorPromise final : PromiseBase {
  static void* operator new(std::size_t size) { return allocate_frame(size, 0); }
  static void operator delete(void* coroutine, std::size_t) noexcept { release_frame(coroutine, 0); }

  GeneratorPromise() noexcept = default;
  ~GeneratorPromise() {
    Frame* self = this->frame();
    self->clear(kAlive);
    if (self->holds_error()) {
      self->error().~exception_ptr();
      self->ended = Ended::taken;
    }
  }

  AsyncGenerator<T> get_return_object([[maybe_unused]] const char* function = __builtin_FUNCTION(),
                                      const char* file = __builtin_FILE(), int line = __builtin_LINE()) noexcept {
    Frame* self = this->frame();
#if defined(EDDY_CHECK_FRAME_LAYOUT)
    if (self->root != self) report_wrong_layout(function, file, line);
#endif
    self->location = Location(file, static_cast<unsigned>(line));
    return AsyncGenerator<T>(self);
  }
  [[nodiscard]] GeneratorFinal final_suspend() const noexcept { return {}; }
  void return_void() noexcept { this->frame()->ended = Ended::value; }

  YieldBack yield_value(std::remove_reference_t<T>& value) noexcept
    requires std::is_reference_v<T>
  {
    yielded = std::addressof(value);
    return {};
  }
  YieldBack yield_value(T&& value) noexcept
    requires(!std::is_reference_v<T>)
  {
    yielded = std::addressof(value);
    return {};
  }
  YieldCopy<T> yield_value(const T& value)
    requires(!std::is_reference_v<T> && std::is_copy_constructible_v<T>)
  {
    return YieldCopy<T>(value, yielded);
  }

  Yielded<T> yielded = nullptr;
  GeneratorCleanups cleanups;
};

template <class T>
class [[nodiscard("the generator does not run until this is awaited: co_await it")]] NextAwaiter {
 public:
  using EddyAwaiter = void;
  using Promise = GeneratorPromise<T>;
  using Result = std::conditional_t<std::is_reference_v<T>, Yielded<T>, std::optional<std::remove_reference_t<T>>>;

  // A null frame is a generator at its end.
  explicit NextAwaiter(Frame* frame) noexcept : frame_(frame) {}
  [[nodiscard]] bool await_ready() const noexcept { return frame_ == nullptr || !frame_->has(kAlive) || frame_->state == State::done; }
  template <class P>
  EDDY_SUSPEND std::coroutine_handle<> await_suspend(std::coroutine_handle<P> handle) {
    Frame* consumer = frame_of(handle);
    if (frame_->state == State::running)
      throw BusyResourceError("eddy: another task is in this generator's next(); one at a time may be");
    frame_->state = State::running;
    frame_->parent = consumer;
    frame_->root = consumer->root;
    frame_->holder = nullptr;
    return hop(consumer->root, frame_);
  }
  Result await_resume() {
    if (frame_ == nullptr) return Result();
    if (!frame_->has(kAlive)) throw CancelledError("the generator was cut short by a cancel while it was in next()");
    Promise& promise = std::coroutine_handle<Promise>::from_address(frame_->handle().address()).promise();
    if (Yielded<T> value = std::exchange(promise.yielded, nullptr)) {
      if constexpr (std::is_reference_v<T>) {
        return value;
      } else {
        return Result(std::in_place, std::move(*value));
      }
    }
    std::exception_ptr error;
    if (frame_->holds_error()) {
      error = std::move(frame_->error());
      frame_->error().~exception_ptr();
      frame_->ended = Ended::taken;
    }
    promise.cleanups.throw_error(error);
    if (error) std::rethrow_exception(std::move(error));
    return Result();
  }

 private:
  Frame* frame_;
};

}  // namespace detail

/// A lazy sequence: `while (auto item = co_await source.next()) …`. The body is a coroutine with `co_yield`; nothing of it
/// runs before the first `next()`. Dropping a generator half-way destroys its frame, locals included.
///
/// Cancellation: a cancel while a task is in `next()` unwinds the body with the task; every later `next()` then throws
/// CancelledError, so that a truncated sequence cannot be taken for a complete one. Cleanup that has to wait is registered
/// in the body by `co_await on_close(…)`. Threads: one loop's. Complexity: one allocation for the generator, none for a value.
/// Source: an asyncio asynchronous generator.
template <class T>
class [[nodiscard("a generator does nothing until its next() is awaited")]] AsyncGenerator {
 public:
  using promise_type = detail::GeneratorPromise<T>;
  using value_type = T;

  /// An empty sequence.
  AsyncGenerator() noexcept = default;
  AsyncGenerator(AsyncGenerator&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  AsyncGenerator& operator=(AsyncGenerator&& other) noexcept {
    if (this != &other) {
      reset();
      frame_ = std::exchange(other.frame_, nullptr);
    }
    return *this;
  }
  ~AsyncGenerator() { reset(); }

  /// Completes with the next value as `std::optional<T>`, with a pointer for a reference; empty at the end and ever
  /// after. Throws what the body throws; after that it gives the end. Errors: BusyResourceError while another
  /// task is in it; CancelledError once the generator was cut short.
  [[nodiscard("the generator does not run until this is awaited: co_await it")]] detail::NextAwaiter<T> next() noexcept {
    return detail::NextAwaiter<T>(frame_);
  }

  /// Ends the generator where it stands: destroys its frame, then completes when the cleanups that it registered have run,
  /// which a cancel does not interrupt. After it, `next()` gives the end. A second call does nothing. Errors: what a
  /// cleanup throws; BusyResourceError while a task is in `next()`.
  [[nodiscard("aclose does nothing until it is awaited")]] detail::CleanupAwaiter aclose() {
    if (frame_ == nullptr) return detail::CleanupAwaiter({});
    if (in_next()) throw BusyResourceError("eddy: a generator cannot be closed while a task is in its next()");
    detail::GeneratorCleanups cleanups;
    if (frame_->has(detail::kAlive)) cleanups = std::move(promise().cleanups);
    reset();
    return detail::CleanupAwaiter(std::move(cleanups));
  }

 private:
  friend detail::GeneratorPromise<T>;
  explicit AsyncGenerator(detail::Frame* frame) noexcept : frame_(frame) { ++frame->count; }
  promise_type& promise() const noexcept {
    return std::coroutine_handle<promise_type>::from_address(frame_->handle().address()).promise();
  }
  [[nodiscard]] bool in_next() const noexcept { return frame_->has(detail::kAlive) && frame_->state == detail::State::running; }
  void reset() noexcept {
    if (frame_ == nullptr) return;
    if (in_next()) detail::die("eddy: an AsyncGenerator was destroyed while a task is in its next()");
    detail::Frame* frame = std::exchange(frame_, nullptr);
    --frame->count;
    if (frame->has(detail::kAlive)) {
      frame->handle().destroy();
    } else {
      detail::free_frame(frame);
    }
  }

  detail::Frame* frame_ = nullptr;
};

}  // namespace eddy::inline EDDY_ABI

// The parameters' declared types are seen here only.
template <class T, class... Args>
struct std::coroutine_traits<eddy::AsyncGenerator<T>, Args...> {
  static_assert(!(std::is_rvalue_reference_v<Args> || ...),
                "eddy: a generator's parameter of type T&& would dangle after the first suspension: take it by value");
  using promise_type = typename eddy::AsyncGenerator<T>::promise_type;
};
