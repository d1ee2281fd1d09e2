// AsyncGenerator<T>: a coroutine that yields values one by one and may wait between them.
//
// Its body runs inside its consumer's next(): it joins the consumer's strand, is entered directly and hands back
// directly, so a value costs no allocation and no turn of the loop.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/error.hpp>
#include <eddy/flow/generator_cleanup.hpp>
#include <eddy/task/current_task.hpp>
#include <eddy/task/promise.hpp>

#include <coroutine>
#include <cstdint>
#include <cstring>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace eddy::inline EDDY_ABI {

template <class T>
class AsyncGenerator;

namespace detail {

// What one value is handed over as: a pointer to where the body keeps it. What is small and trivial is copied to the
// promise instead, where the consumer finds it one load earlier.
template <class T>
using Yielded = std::remove_reference_t<T>*;
template <class T>
inline constexpr bool kYieldedByValue = !std::is_reference_v<T> && std::is_trivially_copyable_v<T> && sizeof(T) <= 2 * sizeof(void*);

template <class T>
struct YieldSlot {
  Yielded<T> place = nullptr;
};
template <class T>
  requires kYieldedByValue<T>
struct YieldSlot<T> {
  YieldSlot() noexcept {}
  union {
    std::remove_const_t<T> value;
  };
};

// Suspends at a yield: back to the consumer.
struct YieldBack {
  using EddyAwaiter = void;
  explicit YieldBack(Frame* generator) noexcept : frame(generator) {}
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  EDDY_SUSPEND std::coroutine_handle<> await_suspend(std::coroutine_handle<>) const noexcept {
    Frame* const generator = frame;
    generator->state = State::suspended;
    return hop(generator->root, generator->parent);
  }
  void await_resume() const noexcept {}
  Frame* frame;  // from the promise: g++ would load it from the handle
};

// The same for a value that the body goes on using: the consumer gets a copy.
template <class T>
struct YieldCopy : YieldBack {
  YieldCopy(Frame* generator, const T& value, T*& slot) : YieldBack(generator), copy(value) { slot = std::addressof(copy); }
  YieldCopy(const YieldCopy&) = delete;
  T copy;
};

// The end of the body: first the cleanups that it registered, then back to the consumer. Until that goes on, it is in `next`.
struct GeneratorFinal {
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  template <class P>
  EDDY_SUSPEND std::coroutine_handle<> await_suspend(std::coroutine_handle<P> handle) const noexcept {
    Frame* frame = Frame::of(handle);
    auto& cleanups = handle.promise().cleanups;
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
    if (self->holds_error()) self->error().~exception_ptr();
  }

  AsyncGenerator<T> get_return_object([[maybe_unused]] const char* function = __builtin_FUNCTION(),
                                      const char* file = __builtin_FILE(), int line = __builtin_LINE()) noexcept {
    Frame* self = this->frame();
#if defined(EDDY_CHECK_FRAME_LAYOUT)
    if (self->root != self) report_wrong_layout(function, file, line);
#endif
    self->holder = nullptr;
    self->state = State::suspended;
    self->location = Location(file, static_cast<unsigned>(line));
    return AsyncGenerator<T>(self);
  }
  [[nodiscard]] GeneratorFinal final_suspend() const noexcept { return {}; }
  void return_void() noexcept { this->frame()->ended = Ended::value; }

  YieldBack yield_value(std::remove_reference_t<T>& value) noexcept
    requires std::is_reference_v<T>
  {
    yielded.place = std::addressof(value);
    return YieldBack(this->frame());
  }
  YieldBack yield_value(T&& value) noexcept
    requires(!std::is_reference_v<T>)
  {
    if constexpr (kYieldedByValue<T>) {
      std::construct_at(std::addressof(yielded.value), std::move(value));
    } else {
      yielded.place = std::addressof(value);
    }
    return YieldBack(this->frame());
  }
  auto yield_value(const T& value)
    requires(!std::is_reference_v<T> && std::is_copy_constructible_v<T>)
  {
    if constexpr (kYieldedByValue<T>) {
      std::construct_at(std::addressof(yielded.value), value);
      return YieldBack(this->frame());
    } else {
      return YieldCopy<T>(this->frame(), value, yielded.place);
    }
  }

  YieldSlot<T> yielded;
  GeneratorCleanups<> cleanups;
};

// A generator that is at its end and has no frame any more, or never had one. Only read.
inline constinit Frame ended_generator = [] {
  Frame frame{};
  frame.state = State::done;
  return frame;
}();

// An optional with a value. g++ 12 writes the value and the flag of a trivially copyable optional one by one and then copies
// both as one word, for which the processor has to wait (4 ns an item). So those that fit into registers are put together
// there: the value and behind it the flag, as libstdc++ and libc++ lay them out.
template <class T>
EDDY_INLINE std::optional<T> engaged(T&& value) noexcept(std::is_nothrow_move_constructible_v<T>) {
  using Result = std::optional<T>;
  constexpr bool kFlagFollows =
      std::is_trivially_copyable_v<Result> && sizeof(Result) == 2 * sizeof(T) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
  if constexpr (kFlagFollows && sizeof(T) == 8) {
    struct Image {
      T value;
      std::uint64_t flag;
    };
    const Image image{std::move(value), 1};
    Result result;
    std::memcpy(static_cast<void*>(&result), &image, sizeof(result));
    return result;
  } else if constexpr (kFlagFollows && (sizeof(T) == 1 || sizeof(T) == 2 || sizeof(T) == 4)) {
    using Bits = std::conditional_t<sizeof(T) == 1, std::uint8_t, std::conditional_t<sizeof(T) == 2, std::uint16_t, std::uint32_t>>;
    const std::uint64_t image = (std::uint64_t{1} << (8 * sizeof(T))) | __builtin_bit_cast(Bits, value);
    Result result;
    std::memcpy(static_cast<void*>(&result), &image, sizeof(result));
    return result;
  } else {
    return Result(std::in_place, std::move(value));
  }
}

// The rest of a next(), once its generator has been entered or was at its end.
template <class T>
class EnteredNext {
 public:
  using EddyAwaiter = void;
  using Promise = GeneratorPromise<T>;
  using Result = std::conditional_t<std::is_reference_v<T>, std::remove_reference_t<T>*, std::optional<std::remove_reference_t<T>>>;

  explicit EnteredNext(Frame* generator) noexcept : frame_(generator) {}
  [[nodiscard]] bool await_ready() const noexcept { return frame_->state != State::running; }
  EDDY_SUSPEND std::coroutine_handle<> await_suspend(std::coroutine_handle<>) const noexcept {
    Frame* const generator = frame_;
    return hop(generator->root, generator);
  }
  EDDY_INLINE Result await_resume() const {
    Frame* const generator = frame_;
    if (generator->state == State::suspended) [[likely]] {
      Promise& promise = promise_of(generator);
      if constexpr (kYieldedByValue<T>) {
        return engaged<T>(std::move(promise.yielded.value));
      } else if constexpr (std::is_reference_v<T>) {
        return promise.yielded.place;
      } else {
        return Result(std::in_place, std::move(*promise.yielded.place));
      }
    }
    finish(generator);
    return Result();
  }

 private:
  static Promise& promise_of(Frame* generator) noexcept {
    return std::coroutine_handle<Promise>::from_address(generator->handle().address()).promise();
  }
  // There is no value: throws what there is to throw.
  EDDY_COLD static void finish(Frame* generator) {
    if (generator == &ended_generator) return;
    if (!generator->has(kAlive)) throw CancelledError("the generator was cut short by a cancel while it was in next()");
    generator->state = State::done;
    std::exception_ptr error = generator->holds_error() ? std::exchange(generator->error(), nullptr) : nullptr;
    promise_of(generator).cleanups.throw_error(error);
    if (error) std::rethrow_exception(std::move(error));
  }

  Frame* frame_;
};

template <class T>
class [[nodiscard("the generator does not run until this is awaited: co_await it")]] NextAwaiter {
 public:
  using EddyAwaiter = void;

  explicit NextAwaiter(Frame* generator) noexcept : frame_(generator) {}
  // Called by await_transform, for which the consumer's frame is a constant distance away; g++ would load it from the handle.
  EDDY_INLINE EnteredNext<T> awaited_by(Frame* consumer) const {
    Frame* const generator = frame_;
    if (generator->state != State::suspended) [[unlikely]] return EnteredNext<T>(check_not_running(generator));
    generator->state = State::running;
    generator->parent = consumer;
    generator->root = consumer->root;
    return EnteredNext<T>(generator);
  }

  // For those who ask whether this can be awaited: what is awaited is what `awaited_by` gives.
  [[nodiscard]] bool await_ready() const noexcept;
  template <class P>
  void await_suspend(std::coroutine_handle<P> handle) const {
    (void)frame_of(handle);
  }
  typename EnteredNext<T>::Result await_resume() const;

 private:
  EDDY_COLD static Frame* check_not_running(Frame* generator) {
    if (generator->state == State::running)
      throw BusyResourceError("eddy: " + describe(generator->root) + ", is in this generator's next(); one at a time may be");
    return generator;
  }
  Frame* frame_;
};

// What a range-for over a generator meets, which cannot await its items.
template <class T>
struct NoIterator {
  std::remove_reference_t<T>& operator*() const;
  NoIterator& operator++();
  auto operator!=(const NoIterator&) const {
    static_assert(always_false<T>, "eddy: a generator's items are awaited: write while (auto item = co_await source.next())");
    return false;
  }
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
  AsyncGenerator(const AsyncGenerator&) = delete;  // a generator runs once, so it cannot be copied: write std::move(source)
  AsyncGenerator(AsyncGenerator&& other) noexcept : frame_(std::exchange(other.frame_, &detail::ended_generator)) {}
  AsyncGenerator& operator=(AsyncGenerator&& other) noexcept {
    if (this != &other) {
      reset();
      frame_ = std::exchange(other.frame_, &detail::ended_generator);
    }
    return *this;
  }
  ~AsyncGenerator() { reset(); }
  detail::NoIterator<T> begin() noexcept;  ///< refused: its items are awaited: write while (auto item = co_await source.next())
  detail::NoIterator<T> end() noexcept;    ///< see begin

  /// Completes with the next value as `std::optional<T>`, with a pointer for a reference; empty at the end and ever
  /// after. Throws what the body throws; after that it gives the end. Errors: BusyResourceError while another
  /// task is in it; CancelledError once the generator was cut short.
  [[nodiscard("the generator does not run until this is awaited: co_await it")]] detail::NextAwaiter<T> next() noexcept {
    return detail::NextAwaiter<T>(frame_);
  }

  /// Ends the generator where it stands: destroys its frame, then completes when the cleanups that it registered have run,
  /// which a cancel does not interrupt. After it, `next()` gives the end. A second call does nothing. Errors: what a
  /// cleanup throws; BusyResourceError while a task is in `next()`.
  template <class Awaiter = detail::CleanupAwaiter<>>
  [[nodiscard("aclose does nothing until it is awaited")]] Awaiter aclose() {
    if (frame_ == &detail::ended_generator) return Awaiter({});
    if (in_next())
      throw BusyResourceError("eddy: a generator cannot be closed while a task is in its next(): " + detail::describe(frame_->root));
    typename Awaiter::Cleanups cleanups;
    if (frame_->has(detail::kAlive)) cleanups = std::move(promise().cleanups);
    reset();
    return Awaiter(std::move(cleanups));
  }

 private:
  friend detail::GeneratorPromise<T>;
  explicit AsyncGenerator(detail::Frame* frame) noexcept : frame_(frame) { ++frame->count; }
  promise_type& promise() const noexcept {
    return std::coroutine_handle<promise_type>::from_address(frame_->handle().address()).promise();
  }
  [[nodiscard]] bool in_next() const noexcept { return frame_->has(detail::kAlive) && frame_->state == detail::State::running; }
  void reset() noexcept {
    if (frame_ == &detail::ended_generator) return;
    if (in_next()) detail::die("eddy: an AsyncGenerator was destroyed while a task is in its next()");
    detail::Frame* frame = std::exchange(frame_, &detail::ended_generator);
    --frame->count;
    if (frame->has(detail::kAlive)) {
      frame->handle().destroy();
    } else {
      detail::free_frame(frame);
    }
  }

  detail::Frame* frame_ = &detail::ended_generator;
};

}  // namespace eddy::inline EDDY_ABI

// The parameters' declared types are seen here only.
template <class T, class... Args>
struct std::coroutine_traits<eddy::AsyncGenerator<T>, Args...> {
  static_assert(!(std::is_rvalue_reference_v<Args> || ...),
                "eddy: a generator's parameter of type T&& would dangle after the first suspension: take it by value");
  using promise_type = typename eddy::AsyncGenerator<T>::promise_type;
};
