// run_virtual and run_real: how a test runs a coroutine, and what it may look at afterwards.
//
// SPDX-License-Identifier: MIT
#pragma once

#include "support/catch.hpp"

#include <eddy/eddy.hpp>
#include <eddy/testing/virtual_clock.hpp>

#include <string>
#include <utility>
#include <vector>

namespace test {

using namespace std::chrono_literals;

// What reached the exception handler of the loops that this thread's test has run, as "message: what".
inline std::vector<std::string>& reports() {
  static thread_local std::vector<std::string> list;
  return list;
}

// The reports so far; a test that expects some takes them, for those that are left over fail it.
inline std::vector<std::string> take_reports() { return std::exchange(reports(), {}); }

inline void record(const eddy::ExceptionContext& context) {
  reports().push_back(context.message + (context.exception ? ": " + eddy::detail::describe_exception(context.exception) : ""));
}

inline void check_no_reports() {
  for (const std::string& report : take_reports()) FAIL_CHECK("reported to the exception handler: " << report);
}

// Runs `body()`, a coroutine function, on a virtual clock: hours pass at once.
template <class F>
auto run_virtual(F body, eddy::testing::VirtualClock& clock) {
  struct Check {
    ~Check() noexcept(false) { check_no_reports(); }
  } check;
  eddy::RunOptions options;
  options.clock = &clock;
  options.on_exception = &record;
  return eddy::run(body(), options);
}
template <class F>
auto run_virtual(F body) {
  eddy::testing::VirtualClock clock;
  return run_virtual(std::move(body), clock);
}

// The same on the real clock, for tests that are tagged [real] or [socket].
template <class F>
auto run_real(F body) {
  struct Check {
    ~Check() noexcept(false) { check_no_reports(); }
  } check;
  eddy::RunOptions options;
  options.on_exception = &record;
  return eddy::run(body(), options);
}

// The loop's time, to be subtracted: `const auto start = test::now(); …; CHECK(test::now() - start == 5s);`.
inline eddy::TimePoint now() { return eddy::get_running_loop().time(); }

// Counts how often objects of it are made and destroyed, to see that frames are destroyed exactly once.
struct Tracked {
  static inline int alive = 0;
  Tracked() { ++alive; }
  Tracked(const Tracked&) { ++alive; }
  Tracked(Tracked&&) noexcept { ++alive; }
  Tracked& operator=(const Tracked&) = default;
  Tracked& operator=(Tracked&&) noexcept = default;
  ~Tracked() { --alive; }
};

// Appends `text` to `log` when its scope ends: what a `finally` block would do.
struct OnExit {
  OnExit(std::vector<std::string>& target, std::string line) : log(target), text(std::move(line)) {}
  OnExit(const OnExit&) = delete;
  OnExit& operator=(const OnExit&) = delete;
  ~OnExit() { log.push_back(text); }
  std::vector<std::string>& log;
  std::string text;
};

}  // namespace test
