// Reactor: the seam between the loop and the kernel's readiness calls.
//
// It knows nothing of tasks: it is told which descriptor to watch for what, and tells who is ready. Interest in foreign
// descriptors is level-triggered and lasts until it is taken back; one of the library's own is attached once.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/time.hpp>

#include <cstddef>

namespace eddy::inline EDDY_ABI::detail {

enum class Interest : unsigned char { read, write };

// Told, during `poll`, that a descriptor is ready, and whether that is for good: its other end is closed, or it has failed.
// It must not close a descriptor.
struct ReactorSink {
  virtual void ready(int fd, Interest interest, bool for_good) noexcept = 0;

 protected:
  ~ReactorSink() = default;
};

class Reactor {
 public:
  Reactor() = default;
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;
  virtual ~Reactor() = default;

  // Sets what a descriptor is watched for. Errors: std::system_error with the kernel's errno (EPERM: a regular file,
  // EBADF: not a descriptor). Taking interest back from a descriptor that is already closed is no error.
  virtual void watch(int fd, bool read, bool write) = 0;
  // Watches for reading, or for both, until `watch(fd, false, false)`, and reports each when it is so now and when it begins to
  // be so. False if it cannot do that.
  virtual bool attach(int /*fd*/, bool /*write*/) { return false; }
  // Reports what is ready, waiting at most `timeout` (a negative one: as long as it takes). EINTR ends the wait.
  virtual void poll(Duration timeout, ReactorSink& sink) noexcept = 0;
};

}  // namespace eddy::inline EDDY_ABI::detail
