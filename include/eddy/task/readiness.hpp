// readable and writable: to wait for a descriptor that belongs to somebody else, such as a C library's socket.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/loop/event_loop.hpp>
#include <eddy/loop/frame.hpp>

#include <coroutine>

namespace eddy::inline EDDY_ABI {

namespace detail {

struct [[nodiscard("nothing waits until this is awaited: co_await it")]] ReadinessAwaiter final : Suspension {
  ReadinessAwaiter(int fd, Interest interest) noexcept : fd_(fd), interest_(interest) {}
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  template <class P>
  void await_suspend(std::coroutine_handle<P> handle) {
    Frame* frame = frame_of(handle);
    if (!park(frame, this)) return;
    root_ = frame->root;
    try {
      table().wait(fd_, interest_, root_);
    } catch (...) {
      root_->state = State::running;
      throw;
    }
  }
  void await_resume() const noexcept {}

 private:
  CancelResult try_cancel(bool) noexcept override {
    table().cancel(fd_, interest_);
    return CancelResult::stopped;
  }
  [[nodiscard]] const char* waits_for() const noexcept override {
    return interest_ == Interest::read ? "a readable descriptor" : "a writable descriptor";
  }
  DescriptorTable& table() noexcept { return EventLoop::Internals::descriptors(EventLoop::Internals::loop(*root_->loop)); }

  int fd_;
  Interest interest_;
  Frame* root_ = nullptr;
};

}  // namespace detail

/// Completes when a read from `fd` would not block: there is data, the other end has closed, or an error is pending. The
/// descriptor is watched only meanwhile and stays the caller's, who reads it himself. What is readable now need not be so
/// for long: the read itself is best made on a descriptor that does not block.
///
/// Cancellation: stops watching.
/// Errors: BusyResourceError if another task waits to read from it; std::system_error for a regular file (EPERM) or no
/// descriptor (EBADF).
/// Threads: for the loop's thread. It is level-triggered: what was not read makes the next wait complete at once.
/// Source: trio.lowlevel.wait_readable.
[[nodiscard("nothing waits until this is awaited: co_await it")]] inline detail::ReadinessAwaiter readable(int fd) noexcept {
  return {fd, detail::Interest::read};
}
/// The same for writing.
[[nodiscard("nothing waits until this is awaited: co_await it")]] inline detail::ReadinessAwaiter writable(int fd) noexcept {
  return {fd, detail::Interest::write};
}

}  // namespace eddy::inline EDDY_ABI
