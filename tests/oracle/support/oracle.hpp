// What the C++ side of a pair is written with: `trace(…)` writes a line of the trace, ORACLE_MAIN runs the program.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <eddy/eddy.hpp>
#include <eddy/testing/virtual_clock.hpp>

#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>

namespace oracle {

using namespace std::chrono_literals;

inline std::string text(std::string_view value) { return std::string(value); }
inline std::string text(const char* value) { return value; }
inline std::string text(bool value) { return value ? "True" : "False"; }
inline std::string text(int value) { return std::to_string(value); }
inline std::string text(std::size_t value) { return std::to_string(value); }

// The arguments with a space between them, as Python's print gives them.
template <class First, class... Rest>
void trace(const First& first, const Rest&... rest) {
  std::string line = text(first);
  ((line += ' ', line += text(rest)), ...);
  std::puts(line.c_str());
}

// Runs `main()` on a clock that jumps.
template <class F>
int run(F main) {
  eddy::testing::VirtualClock clock;
  eddy::RunOptions options;
  options.clock = &clock;
  eddy::run(main(), options);
  return 0;
}

}  // namespace oracle

#define ORACLE_MAIN(function) \
  int main() { return oracle::run(function); }
