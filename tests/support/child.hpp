// run_self: this test program again, as a child process: for tests that have to fail, or that need another environment.
//
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <climits>
#include <cstdio>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

namespace test {

struct ChildResult {
  int status;          // what it exited with; -1 if a signal ended it
  std::string output;  // standard output and error, one line: every run of white space is a single space
};

// Runs the test case called `name`; `environment` is put before the command, as "EDDY_SEED=7".
inline ChildResult run_self(const std::string& name, const std::string& environment = {}) {
  std::array<char, PATH_MAX> path{};
  if (::readlink("/proc/self/exe", path.data(), path.size() - 1) < 0) return {-1, "no /proc/self/exe"};
  const std::string command = "env -u EDDY_SEED -u EDDY_SEEDS -u EDDY_SWEEP ASAN_OPTIONS=detect_leaks=0 timeout 60 env " + environment + " '" + path.data() + "' '" + name + "' 2>&1";
  std::FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return {-1, "popen failed"};
  std::string output;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) {
    const bool space = c == ' ' || c == '\n';
    if (!space || (!output.empty() && output.back() != ' ')) output += space ? ' ' : static_cast<char>(c);
  }
  const int status = ::pclose(pipe);
  constexpr int kFailed = 42;  // Catch2 from 3.6 on, whatever the number of failures; before it is the number
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return {code == kFailed ? 1 : code, output};
}

// Whether `part` is in `text`, leaving spaces aside: Catch2 breaks long lines wherever it likes.
inline bool contains(std::string text, std::string part) {
  std::erase(text, ' ');
  std::erase(part, ' ');
  return text.find(part) != std::string::npos;
}

}  // namespace test
