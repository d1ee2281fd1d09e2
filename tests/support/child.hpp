// Child processes: in_child, for what signals, terminates or leaks its process, and run_self, this test program again, for tests
// that have to fail or that need another environment.
//
// SPDX-License-Identifier: MIT
#pragma once

#include "support/catch.hpp"

#include <array>
#include <climits>
#include <csignal>
#include <cstdio>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

namespace test {

// How a child process ended, and what it wrote to standard error.
struct Ended {
  int status = 0;
  std::string output;
  [[nodiscard]] bool exited() const { return WIFEXITED(status) && WEXITSTATUS(status) == 0; }
  [[nodiscard]] bool killed_by(int signal) const { return WIFSIGNALED(status) && WTERMSIG(status) == signal; }
  [[nodiscard]] bool wrote(const std::string& text) const { return output.find(text) != std::string::npos; }
};

inline void say(const std::string& text) { std::fprintf(stderr, "%s\n", text.c_str()); }

// Runs `body()` in a forked process, which leaves without cleaning up: what it leaks is meant to leak.
template <class F>
Ended in_child(F body) {
  std::fflush(nullptr);
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::dup2(ends[1], STDERR_FILENO);
    ::close(ends[0]);
    for (const int signal : {SIGINT, SIGABRT, SIGTERM, SIGSEGV}) std::signal(signal, SIG_DFL);  // Catch2 has its own
    ::alarm(10);
    body();
    std::fflush(nullptr);
    ::_exit(0);
  }
  ::close(ends[1]);
  Ended ended;
  std::array<char, 4096> buffer{};
  for (ssize_t n = 0; (n = ::read(ends[0], buffer.data(), buffer.size())) > 0;)
    ended.output.append(buffer.data(), static_cast<std::size_t>(n));
  ::close(ends[0]);
  ::waitpid(child, &ended.status, 0);
  INFO(ended.output);
  return ended;
}

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
