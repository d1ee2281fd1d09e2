// LoopHold: tells a loop that something outside of it is going to call in.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/config.hpp>
#include <eddy/base/replace.hpp>

#include <cstddef>
#include <utility>

namespace eddy::inline EDDY_ABI {

/// Keeps a virtual clock from jumping, and the deadlock report from firing, while something outside the loop (another
/// thread, a process) is going to call in. Made by `EventLoop::hold`; it must not outlive the loop.
class [[nodiscard]] LoopHold {
 public:
  explicit LoopHold(std::size_t& holds) noexcept : holds_(&holds) { ++holds; }
  LoopHold(LoopHold&& other) noexcept : holds_(detail::replace(other.holds_, nullptr)) {}
  LoopHold& operator=(LoopHold other) noexcept {
    other.holds_ = detail::replace(holds_, other.holds_);
    return *this;
  }
  ~LoopHold() {
    if (holds_ != nullptr) --*holds_;
  }

 private:
  std::size_t* holds_;
};

}  // namespace eddy::inline EDDY_ABI
