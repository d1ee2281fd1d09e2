// What reading reports beside the system's errors, for streams and for files.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/config.hpp>

#include <cstddef>
#include <stdexcept>
#include <string>

namespace eddy::inline EDDY_ABI {

/// What was to be read is longer than the caller allows: a line without an end in sight, a file above its cap. Nothing
/// was taken: the same bytes can be read with a larger limit, or skipped. Source: asyncio.LimitOverrunError.
class LimitOverrunError : public std::runtime_error {
public:
  explicit LimitOverrunError(std::size_t limit, std::size_t consumed)
      : std::runtime_error("eddy: the limit of " + std::to_string(limit) + " bytes is exceeded: there are " +
                           std::to_string(consumed) + " and no end; they can be read with a larger limit"),
        limit_(limit),
        consumed_(consumed) {}
  /// The most bytes that the caller allowed.
  [[nodiscard]] std::size_t limit() const noexcept { return limit_; }
  /// How many bytes were looked at and are still there to be read.
  [[nodiscard]] std::size_t consumed() const noexcept { return consumed_; }

private:
  std::size_t limit_;
  std::size_t consumed_;
};

}  // namespace eddy::inline EDDY_ABI
