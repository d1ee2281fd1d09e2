// LeakCheck: whether the frames of tasks and the descriptors are as many as before.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/frame_allocator.hpp>
#include <eddy/testing/fixture.hpp>

#include <cstddef>
#include <dirent.h>
#include <string>

namespace eddy::inline EDDY_ABI::testing {

/// Remembers how many frames of tasks this thread has, and how many descriptors the process; `check` compares. While it
/// lives, frames are not recycled. Threads: its own; nothing else may open descriptors meanwhile.
class LeakCheck {
 public:
  LeakCheck() : frames_(eddy::detail::blocks_in_use), descriptors_(count_descriptors()) {}
  LeakCheck(const LeakCheck&) = delete;
  LeakCheck& operator=(const LeakCheck&) = delete;

  /// Throws TestFailure if something is left.
  void check() const {
    const std::ptrdiff_t frames = eddy::detail::blocks_in_use - frames_;
    if (frames != 0) throw TestFailure("frames of tasks that are left, or freed twice: " + std::to_string(frames));
    const std::ptrdiff_t descriptors = count_descriptors() - descriptors_;
    if (descriptors > 0) throw TestFailure("descriptors that are left open: " + std::to_string(descriptors));
  }

 private:
  static std::ptrdiff_t count_descriptors() noexcept {
    DIR* folder = ::opendir("/proc/self/fd");
    if (folder == nullptr) return 0;
    std::ptrdiff_t count = 0;
    while (::readdir(folder) != nullptr) ++count;
    ::closedir(folder);
    return count;
  }

  eddy::detail::PlainFrames plain_;
  std::ptrdiff_t frames_;
  std::ptrdiff_t descriptors_;
};

}  // namespace eddy::inline EDDY_ABI::testing
