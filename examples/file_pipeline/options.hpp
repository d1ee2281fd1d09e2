// The file pipeline's command line.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <charconv>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

struct Options {
  std::string dir;
  std::string out;
  std::size_t limit = 64;
  bool stream = false;
  bool quiet = false;
};

struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline std::size_t parse_limit(const std::string& text) {
  std::size_t limit = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, limit);
  if (error != std::errc{} || stop != end || limit == 0) {
    throw UsageError("--limit needs a positive number, not '" + text + "'");
  }
  return limit;
}

inline Options parse(const std::vector<std::string>& arguments) {
  Options options;
  for (auto argument = arguments.begin(); argument != arguments.end(); ++argument) {
    const std::string& name = *argument;
    if (name == "--quiet") {
      options.quiet = true;
    } else if (name == "--stream") {
      options.stream = true;
    } else if (name == "--out" || name == "--limit") {
      if (++argument == arguments.end()) throw UsageError(name + " needs a value");
      if (name == "--out") options.out = *argument;
      if (name == "--limit") options.limit = parse_limit(*argument);
    } else if (name.starts_with('-') || !options.dir.empty()) {
      throw UsageError("unexpected argument '" + name + "'");
    } else {
      options.dir = name;
    }
  }
  if (options.dir.empty()) throw UsageError("DIR is missing");
  if (options.out.empty()) throw UsageError("--out FILE is missing");
  return options;
}
