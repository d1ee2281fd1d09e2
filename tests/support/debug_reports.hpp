// reports_of: what is reported while a body runs in debug mode, on a clock that jumps.
//
// SPDX-License-Identifier: MIT
#pragma once

#include "support/run.hpp"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace test {

// Runs `body()` to its end, with a limit of 5 ms for a step, and gives the reports.
template <class F>
std::vector<eddy::ExceptionContext> reports_of(F body, bool debug) {
  static std::vector<eddy::ExceptionContext> told;
  told.clear();
  eddy::testing::VirtualClock clock;
  eddy::RunOptions options;
  options.clock = &clock;
  options.debug = debug;
  options.on_exception = [](const eddy::ExceptionContext& context) { told.push_back(context); };
  eddy::Runner runner(options);
  runner.get_loop().set_slow_callback_duration(std::chrono::milliseconds(5));
  runner.run_once(body());
  return std::exchange(told, {});
}

}  // namespace test
