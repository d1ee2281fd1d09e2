// What the library's tests have in common beside the testing kit.
//
// SPDX-License-Identifier: MIT
#pragma once

#include "support/catch.hpp"

#include <eddy/eddy.hpp>
#include <eddy/testing.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace test {

using namespace std::chrono_literals;
using eddy::testing::run_test;
using eddy::testing::take_reports;

// Runs `body()`, a coroutine function, on a virtual clock. What it leaves behind is ended by the end of the loop.
template <class F>
auto run_virtual(F body, eddy::testing::VirtualClock& clock) {
  return run_test(body, {.clock = &clock, .may_leave_tasks = true});
}
template <class F>
auto run_virtual(F body) {
  return run_test(body, {.may_leave_tasks = true});
}

// The same on the real clock, for tests that are tagged [real] or [socket].
template <class F>
auto run_real(F body) {
  return run_test(body, {.real_time = true, .may_leave_tasks = true});
}

// For RunOptions::on_exception, in tests that call `run` themselves: as the kit does, for `take_reports`.
using eddy::testing::detail::record_report;

// The loop's time, to be subtracted: `const auto start = test::now(); …; CHECK(test::now() - start == 5s);`.
inline eddy::TimePoint now() { return eddy::get_running_loop().time(); }

// Gives the tasks that were started a turn, or several, to get to where they wait. In another order than FIFO a turn is not
// enough for that: then until all of them wait.
inline eddy::Task<> settle(int turns = 1) {
  for (int i = 0; i < turns; ++i) co_await eddy::yield();
  const auto* disturbance = eddy::testing::detail::Disturbance::current();
  if (disturbance != nullptr && disturbance->seed != 0) co_await eddy::testing::wait_all_tasks_blocked();
}

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

// Becomes true as soon as the loop has gone through what was ready before it and comes to others. May go before that.
class TurnProbe {
 public:
  TurnProbe() {
    eddy::get_running_loop().call_soon([passed = passed_] { *passed = true; });
  }
  operator bool() const { return *passed_; }

 private:
  std::shared_ptr<bool> passed_ = std::make_shared<bool>(false);
};

// Appends `text` to `log` when its scope ends: what a `finally` block would do.
struct OnExit {
  OnExit(std::vector<std::string>& target, std::string line) : log(target), text(std::move(line)) {}
  OnExit(const OnExit&) = delete;
  OnExit& operator=(const OnExit&) = delete;
  ~OnExit() {
    const eddy::testing::AllocationsSucceed pause;  // a sweep may be letting them fail
    log.push_back(text);
  }
  std::vector<std::string>& log;
  std::string text;
};

}  // namespace test
