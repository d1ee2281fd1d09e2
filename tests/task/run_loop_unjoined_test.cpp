// Debug mode's report of tasks that are left when the main task ends.
//
// SPDX-License-Identifier: MIT
#include "support/run.hpp"

#include <algorithm>
#include <string>
#include <vector>

using namespace test;

namespace {

std::vector<eddy::ExceptionContext> told;

// Runs `body()` on a virtual clock, and keeps what reaches the exception handler.
template <class F>
void run_told(F body, bool debug) {
  told.clear();
  eddy::testing::VirtualClock clock;
  eddy::RunOptions options;
  options.clock = &clock;
  options.debug = debug;
  options.on_exception = [](const eddy::ExceptionContext& context) {
    if (context.message.find(" took ") == std::string::npos) told.push_back(context);  // slow steps of a slow machine
  };
  eddy::run(body(), options);
}

constexpr int kLine = __LINE__ + 1;
eddy::Task<> doze() { co_await eddy::sleep(1h); }

eddy::Task<> leave_two() {
  (void)eddy::create_task(doze(), {.name = "first"});
  (void)eddy::create_task(doze(), {.name = "second"});
  co_await eddy::sleep(1s);
}

}  // namespace

TEST_CASE("debug mode reports the tasks that are left when main ends, and where each waits") {
  run_told(leave_two, true);
  REQUIRE(told.size() == 1);
  const std::string& message = told[0].message;
  CHECK(message.find("the main task ended while these were left, which are cancelled\n") == 0);
  CHECK(message.find("\n  first waits for sleep at " __FILE__ ":" + std::to_string(kLine)) != std::string::npos);
  CHECK(message.find("\n  second ") != std::string::npos);
}

TEST_CASE("without debug mode tasks that are left are cancelled without a word") {
  run_told(leave_two, false);
  CHECK(told.empty());
}

TEST_CASE("debug mode says nothing of a main task that has joined all others") {
  run_told([]() -> eddy::Task<> {
    auto worker = eddy::create_task(doze());
    co_await worker;
    co_await eddy::gather(doze(), doze());
  }, true);
  CHECK(told.empty());
}

TEST_CASE("debug mode reports what a cancelled or failed main task leaves, too") {
  const auto fail = []() -> eddy::Task<> {
    (void)eddy::create_task(doze(), {.name = "left"});
    co_await eddy::sleep(1s);
    throw eddy::RuntimeError("no");
  };
  CHECK_THROWS_AS(run_told(fail, true), eddy::RuntimeError);
  REQUIRE(told.size() == 1);
  CHECK(told[0].message.find("\n  left waits for sleep") != std::string::npos);
}
