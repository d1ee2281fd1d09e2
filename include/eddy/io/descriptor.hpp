// Descriptor: a file descriptor that closes itself.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/io/system_calls.hpp>

#include <utility>

namespace eddy::inline EDDY_ABI {

/// Owns a file descriptor and closes it at its end. It has nothing to do with a loop: it is what streams are made from, and
/// what `release` takes them apart to.
class Descriptor {
 public:
  /// None.
  Descriptor() noexcept = default;
  /// Takes over `fd`; a negative number is none.
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  ~Descriptor() { reset(); }

  /// The number; -1 if there is none.
  [[nodiscard]] int get() const noexcept { return fd_; }
  /// True if there is one.
  [[nodiscard]] bool valid() const noexcept { return fd_ >= 0; }
  /// Gives the number away, to be closed by the caller.
  [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }
  /// Closes what it has, and takes over `fd`. What closing says is not told; for files, see File::close.
  void reset(int fd = -1) noexcept {
    if (const int old = std::exchange(fd_, fd); old >= 0) (void)detail::sys::close(old);
  }

 private:
  int fd_ = -1;
};

}  // namespace eddy::inline EDDY_ABI
