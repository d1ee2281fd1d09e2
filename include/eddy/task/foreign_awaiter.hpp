// ForeignAwaiter: lets a Task await any awaiter that knows nothing of this library.
//
// The awaiter is given a handle whose `resume` queues the waiting task, so it may be resumed from anywhere on the loop's
// thread, even inside await_suspend, and nothing runs inline. The handle points to a two-pointer stand-in for a
// coroutine frame, which g++, clang and every other compiler that shares their coroutine ABI call in the same way.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/loop/scheduler.hpp>

#include <coroutine>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace eddy::inline EDDY_ABI::detail {

template <class A>
concept HasTryCancel = requires(A& awaiter) {
  { awaiter.try_cancel() } noexcept -> std::same_as<CancelResult>;
};

// `A` is a reference for an awaiter that the caller owns, a value for one that operator co_await made.
template <class A>
class ForeignAwaiter final : Suspension {
 public:
  explicit ForeignAwaiter(A&& awaiter) : awaiter_(std::forward<A>(awaiter)) {}
  ForeignAwaiter(const ForeignAwaiter&) = delete;
  ForeignAwaiter& operator=(const ForeignAwaiter&) = delete;

  bool await_ready() { return static_cast<bool>(awaiter_.await_ready()); }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> handle) {
    Frame* frame = frame_of(handle);
    root_ = frame->root;
    if (!park(frame, this)) return true;
    stand_in_ = {&ForeignAwaiter::on_resume, &ForeignAwaiter::on_resume, this};
    // clang 19 resumes a handle inside this function as if it knew the frame, and then loses what the stand-in does.
    const auto resumer = std::coroutine_handle<>::from_address(opaque(reinterpret_cast<std::byte*>(&stand_in_)));
    using Result = decltype(awaiter_.await_suspend(resumer));
    try {
      if constexpr (std::is_void_v<Result>) {
        awaiter_.await_suspend(resumer);
        return true;
      } else if constexpr (std::is_same_v<Result, bool>) {
        const bool waits = awaiter_.await_suspend(resumer);
        if (!waits) root_->state = State::running;
        return waits;
      } else {
        const std::coroutine_handle<> other = awaiter_.await_suspend(resumer);
        if (other == resumer) {
          root_->state = State::running;
          return false;
        }
        go_on(other);
        return true;
      }
    } catch (...) {
      root_->state = State::running;
      throw;
    }
  }
  decltype(auto) await_resume() { return awaiter_.await_resume(); }

 private:
  struct StandIn {
    void (*resume)(StandIn*);
    void (*destroy)(StandIn*);
    ForeignAwaiter* self;
  };
  static void on_resume(StandIn* stand_in) {
    ForeignAwaiter* self = stand_in->self;
    self->root_->loop->wake(self->root_);
  }
  static void go_on(std::coroutine_handle<> other) {
    if (other != std::noop_coroutine()) other();
  }
  CancelResult try_cancel([[maybe_unused]] bool force) noexcept override {
    if constexpr (HasTryCancel<std::remove_reference_t<A>>) {
      return awaiter_.try_cancel();
    } else {
      return CancelResult::later;
    }
  }
  [[nodiscard]] const char* waits_for() const noexcept override { return "a foreign awaiter"; }

  A awaiter_;
  Frame* root_ = nullptr;
  StandIn stand_in_{};
};

}  // namespace eddy::inline EDDY_ABI::detail
