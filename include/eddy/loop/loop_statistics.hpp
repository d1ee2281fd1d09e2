// LoopStatistics: what a loop has done so far.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/base/config.hpp>

#include <cstddef>
#include <cstdint>

namespace eddy::inline EDDY_ABI {

/// What `EventLoop::statistics` gives. The counts are from the loop's making on and never start again.
struct LoopStatistics {
  std::uint64_t passes = 0;        ///< turns of the loop
  std::uint64_t steps = 0;         ///< tasks resumed and callbacks run in the passes that are over; direct hand-overs are none
  std::uint64_t polls = 0;         ///< looks at the descriptors, waiting or not: system calls
  std::uint64_t timers_fired = 0;  ///< deadlines that passed with somebody waiting
  std::size_t timers = 0;          ///< deadlines that somebody waits for now
  std::size_t descriptors = 0;     ///< waits for descriptors now
};

}  // namespace eddy::inline EDDY_ABI
