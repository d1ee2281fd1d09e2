// The interpreter: plays a program of operations on a loop with a virtual clock and says what was wrong.
//
// SPDX-License-Identifier: MIT
#pragma once

#include "operations.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace fuzz {

struct Result {
  std::size_t operations = 0;  // how many were played, repeated ones each time
  std::string violation;       // the first invariant that did not hold; empty if all did
};

Result play(std::span<const std::uint8_t> bytes);

}  // namespace fuzz
