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
#include <utility>

namespace oracle {

using namespace std::chrono_literals;

inline std::string text(std::string_view value) { return std::string(value); }
inline std::string text(const char* value) { return value; }
inline std::string text(bool value) { return value ? "True" : "False"; }
inline std::string text(int value) { return std::to_string(value); }
inline std::string text(std::size_t value) { return std::to_string(value); }

void write_line(const std::string& line);

// The arguments with a space between them, as Python's print gives them.
template <class First, class... Rest>
void trace(const First& first, const Rest&... rest) {
  std::string line = text(first);
  ((line += ' ', line += text(rest)), ...);
  write_line(line);
}

// The program of each pair, in the one test program that holds them all: ORACLE_MAIN adds it under its file's name.
struct Program {
  using Main = int (*)();
  Program(std::string_view file, Main function) noexcept : main(function), next(std::exchange(first, this)) {
    name = file.substr(file.rfind('/') + 1);
    name = name.substr(0, name.rfind('.'));
  }
  static inline Program* first = nullptr;
  std::string_view name;
  Main main;
  Program* next;
};

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

#define ORACLE_MAIN(function) ORACLE_PROGRAM([] { return oracle::run(function); })
// The same for a function that makes its own loop.
#define ORACLE_PROGRAM(...) static const oracle::Program oracle_program(__FILE__, __VA_ARGS__);
