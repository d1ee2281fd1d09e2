// Promise<T>: what the compiler talks to inside a Task's coroutine. It is empty: all state is in the Frame before it.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/error.hpp>
#include <eddy/base/outcome.hpp>
#include <eddy/loop/frame.hpp>
#include <eddy/task/foreign_awaiter.hpp>

#include <concepts>
#include <coroutine>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

namespace eddy::inline EDDY_ABI::detail {

// Where a T is kept until somebody takes it: in the block, before the Frame. An over-aligned T is kept apart.
template <class T>
struct ResultSlot {
  using Stored = typename StoredResult<T>::Type;
  static constexpr bool kApart = alignof(Stored) > alignof(Frame);
  using Slot = std::conditional_t<kApart, Stored*, Stored>;
  static constexpr std::size_t kPrefix = std::is_void_v<T> ? 0 : slot_size<Slot>;
  static constexpr bool kTrivial = !kApart && std::is_trivially_destructible_v<Stored>;  // nothing is to be destroyed

  template <class... Args>
  static void emplace(Frame* frame, Args&&... args) {
    auto* slot = slot_of<Slot>(frame);
    if constexpr (kApart) {
      ::new (static_cast<void*>(slot)) Slot(new Stored(std::forward<Args>(args)...));
    } else {
      ::new (static_cast<void*>(slot)) Stored(std::forward<Args>(args)...);
    }
    frame->ended = Ended::value;
  }
  static Stored& get(Frame* frame) noexcept {
    if constexpr (kApart) {
      return **slot_of<Slot>(frame);
    } else {
      return *slot_of<Slot>(frame);
    }
  }
  static void destroy(Frame* frame) noexcept {
    if constexpr (!std::is_void_v<T>) {
      if (frame->ended != Ended::value) return;
      frame->ended = Ended::taken;
      if constexpr (kApart) {
        delete *slot_of<Slot>(frame);
      } else {
        get(frame).~Stored();
      }
    }
  }
  // The value as the T that a `co_await` gives; it is moved out. The caller has seen that there is one.
  static T take(Frame* frame) {
    if constexpr (std::is_reference_v<T>) {
      return static_cast<T>(*get(frame));
    } else if constexpr (!std::is_void_v<T>) {
      return std::move(get(frame));
    }
  }
};

struct FinalAwaiter {
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  template <class P>
  EDDY_SUSPEND std::coroutine_handle<> await_suspend(std::coroutine_handle<P> handle) const noexcept {
    Frame* frame = Frame::of(handle);
    if (frame->root == frame) {
      frame->state = State::done;  // the driver goes on from here
      return std::noop_coroutine();
    }
    return hop(frame->root, frame->parent);
  }
  void await_resume() const noexcept {}
};

#if defined(EDDY_CHECK_FRAME_LAYOUT)
[[noreturn]] EDDY_COLD inline void report_wrong_layout(const char* function, const char* file, int line) noexcept {
  std::fprintf(stderr,
               "eddy: %s:%d: g++ before 13 laid out the coroutine `%s` wrongly, because a bare co_await is the condition of "
               "an if, while or switch in it; write `if (auto r = co_await x; r)` instead\n",
               file, line, function);
  std::abort();
}
#endif

// What may be awaited as it is: it knows Frames.
template <class A>
concept NativeAwaiter = std::derived_from<A, Suspension> || requires { typename A::EddyAwaiter; };

// An awaiter where it stands in the awaiting frame. (g++ copies an awaiter that await_transform returns by reference.)
template <class A>
class AwaiterReference {
 public:
  using EddyAwaiter = void;  // g++ 11 applies await_transform twice in a template
  explicit AwaiterReference(A& awaiter) noexcept : awaiter_(&awaiter) {}
  [[nodiscard]] bool await_ready() const noexcept(noexcept(std::declval<A&>().await_ready())) { return awaiter_->await_ready(); }
  template <class P>
  auto await_suspend(std::coroutine_handle<P> handle) const noexcept(noexcept(std::declval<A&>().await_suspend(handle))) {
    return awaiter_->await_suspend(handle);
  }
  decltype(auto) await_resume() const { return awaiter_->await_resume(); }

 private:
  A* awaiter_;
};

struct PromiseBase : PromiseMark {
  PromiseBase() noexcept = default;
  PromiseBase(const PromiseBase&) = delete;
  PromiseBase& operator=(const PromiseBase&) = delete;

  [[nodiscard]] std::suspend_always initial_suspend() const noexcept { return {}; }

  template <class A>
  EDDY_INLINE decltype(auto) await_transform(A&& awaitable, unsigned line = __builtin_LINE()) {
    static_assert(Awaitable<A>,
                  "eddy: this cannot be awaited: co_await takes a Task (so call the coroutine function), a TaskHandle, a Future "
                  "or another awaitable");
    if constexpr (Awaitable<A>) {
      // Nobody else writes there, so this way need not be hidden as `Frame::of` does.
      const auto own = reinterpret_cast<std::uintptr_t>(std::coroutine_handle<PromiseBase>::from_promise(*this).address());
      reinterpret_cast<Frame*>(own - sizeof(Frame))->location.move_to(line);
      if constexpr (HasMemberCoAwait<A> || HasFreeCoAwait<A>) {
        using Made = AwaiterOf<A>;
        if constexpr (NativeAwaiter<std::remove_reference_t<Made>>) {
          return get_awaiter(std::forward<A>(awaitable));
        } else {
          return ForeignAwaiter<Made>(get_awaiter(std::forward<A>(awaitable)));
        }
      } else if constexpr (NativeAwaiter<std::remove_cvref_t<A>> && std::is_trivially_copyable_v<std::remove_cvref_t<A>>) {
        if constexpr (requires { awaitable.awaited_by(frame()); }) {
          return awaitable.awaited_by(frame());
        } else {
          return std::remove_cvref_t<A>(awaitable);
        }
      } else if constexpr (NativeAwaiter<std::remove_cvref_t<A>>) {
        return AwaiterReference<std::remove_cvref_t<A>>(awaitable);
      } else {
        return ForeignAwaiter<std::remove_reference_t<A>&>(awaitable);
      }
    }
  }

  template <class U>
  auto yield_value(U&&) {
    static_assert(always_false<U>, "eddy: co_yield belongs to an AsyncGenerator<T>; a Task<T> gives one value, by co_return");
    return std::suspend_never();
  }
  void unhandled_exception() noexcept;

 protected:
  ~PromiseBase() = default;
  [[nodiscard]] Frame* frame() noexcept {
    return Frame::of(std::coroutine_handle<PromiseBase>::from_promise(*this));
  }
};

// A task that is left by a CancelledError ends as cancelled.
inline bool is_cancelled_error(const std::exception_ptr& error) noexcept {
  try {
    std::rethrow_exception(error);
  } catch (const CancelledError&) {
    return true;
  } catch (...) {
    return false;
  }
}

inline void PromiseBase::unhandled_exception() noexcept {
  Frame* self = frame();
  // g++ runs the destructors of a frame that is being destroyed inside the body's own try.
  if (self->root->state == State::unwinding) report_throwing_destructor();
  std::exception_ptr error = std::current_exception();
  if (StepWatch* watch = self->root->loop->step_watch) [[unlikely]] watch->exception_leaves(self, error);
  const bool cancelled = self->root == self && self->has(kTask) && is_cancelled_error(error);
  self->set_error(cancelled ? Ended::cancelled : Ended::exception, std::move(error));
}

template <class T>
struct PromiseResult : PromiseBase {
  template <class U = T>
  void return_value(U&& value) {
    static_assert(std::is_convertible_v<U&&, T>,
                  "eddy: what co_return is given here cannot be converted to the T of this coroutine's Task<T>");
    if constexpr (std::is_convertible_v<U&&, T>) ResultSlot<T>::emplace(frame(), std::forward<U>(value));
  }
};
template <class T>
  requires std::is_reference_v<T>
struct PromiseResult<T> : PromiseBase {
  void return_value(T value) noexcept { ResultSlot<T>::emplace(frame(), std::addressof(value)); }
  void return_value(std::remove_cvref_t<T>&&) noexcept
    requires std::is_lvalue_reference_v<T>
  {
    static_assert(always_false<T>, "eddy: a reference to a temporary would dangle: co_return what outlives the task");
  }
};
template <>
struct PromiseResult<void> : PromiseBase {
  void return_void() noexcept { frame()->ended = Ended::value; }
};

template <class T>
struct Promise final : PromiseResult<T> {
  using Slot = ResultSlot<T>;

  static void* operator new(std::size_t size) { return allocate_frame(size, Slot::kPrefix); }
  static void operator delete(void* coroutine, std::size_t size) noexcept { release_frame(coroutine, Slot::kPrefix, size); }

  Promise() noexcept = default;
  Promise(const Promise&) = delete;
  Promise& operator=(const Promise&) = delete;
  ~Promise() {
    if constexpr (!Slot::kTrivial) {
      Frame* frame = this->frame();
      frame->clear(kAlive);  // from here on the last handle destroys the value; else see release_frame
      if (frame->count == 0) Slot::destroy(frame);
    }
  }

  Task<T> get_return_object([[maybe_unused]] const char* function = __builtin_FUNCTION(),
                            const char* file = __builtin_FILE(), int line = __builtin_LINE()) noexcept {
    Frame* frame = this->frame();
#if defined(EDDY_CHECK_FRAME_LAYOUT)
    if (frame->root != frame) report_wrong_layout(function, file, line);
#endif
    frame->location = Location(file, static_cast<unsigned>(line));
    return Task<T>(frame);
  }
  [[nodiscard]] FinalAwaiter final_suspend() const noexcept { return {}; }

  void unhandled_exception() noexcept {
    Slot::destroy(this->frame());  // a local's destructor threw after `co_return value`
    PromiseBase::unhandled_exception();
  }
};

}  // namespace eddy::inline EDDY_ABI::detail
