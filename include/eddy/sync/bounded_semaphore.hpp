// BoundedSemaphore: a Semaphore that notices when more is given back than was taken.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/error.hpp>
#include <eddy/sync/semaphore.hpp>
#include <eddy/task/misuse.hpp>

#include <cstddef>

namespace eddy::inline EDDY_ABI {

/// Thrown by BoundedSemaphore::release when more permits would be given back than were taken. It is a mistake in the program: let
/// `scoped()` give them back. Source: asyncio's ValueError.
class OverReleaseError : public RuntimeError {
 public:
  OverReleaseError()
      : RuntimeError("eddy: more permits were given back to a BoundedSemaphore than were taken" + detail::by_caller()) {}
};

/// A Semaphore whose permits never become more than they were at first. Whoever waits for more than that waits for
/// ever.
/// Cancellation, threads, complexity: as Semaphore. Source: asyncio.BoundedSemaphore.
class BoundedSemaphore {
 public:
  /// A semaphore with `permits` to give; zero is allowed, and of little use.
  explicit BoundedSemaphore(std::size_t permits = 1) noexcept : semaphore_(permits), bound_(permits) {}

  /// As Semaphore::acquire.
  [[nodiscard("nothing is acquired until this is awaited: co_await it")]]
  detail::AcquireAwaiter acquire(std::size_t count = 1) noexcept {
    return semaphore_.acquire(count);
  }
  /// As Semaphore::scoped. A permit gives back what it took without a check: a `release` too many is then noticed at
  /// the next one.
  [[nodiscard("nothing is acquired until this is awaited: co_await it")]]
  detail::ScopedAwaiter scoped(std::size_t count = 1) noexcept {
    return semaphore_.scoped(count);
  }
  /// As Semaphore::try_acquire.
  [[nodiscard]] bool try_acquire(std::size_t count = 1) noexcept { return semaphore_.try_acquire(count); }
  /// Gives permits back. Errors: OverReleaseError if they would become more than at first; then nothing changes.
  void release(std::size_t count = 1) {
    if (semaphore_.value() > bound_ || count > bound_ - semaphore_.value()) throw OverReleaseError();
    semaphore_.release(count);
  }
  /// True if `acquire()` would have to wait.
  [[nodiscard]] bool locked() const noexcept { return semaphore_.locked(); }
  /// Permits that are free.
  [[nodiscard]] std::size_t value() const noexcept { return semaphore_.value(); }

 private:
  Semaphore semaphore_;
  std::size_t bound_;
};

}  // namespace eddy::inline EDDY_ABI
