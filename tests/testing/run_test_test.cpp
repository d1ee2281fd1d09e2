// Tests of eddy/testing/run_test.hpp.
// SPDX-License-Identifier: MIT
#include <eddy/testing/run_test.hpp>

#include "support/child.hpp"
#include "support/run.hpp"

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using eddy::testing::TestFailure;
using test::contains;

namespace {

using Log = std::vector<std::string>;

// What running `body` as a test throws.
template <class F>
std::string error_of(F body, eddy::testing::TestOptions options = {}) {
  try {
    eddy::testing::run_test(body, options);
  } catch (const std::exception& error) {
    return error.what();
  }
  return "nothing";
}

eddy::Task<> sleeper() { co_await eddy::sleep(1h); }
eddy::Task<> fails() {
  co_await eddy::yield();
  throw std::runtime_error("lost");
}

}  // namespace

EDDY_LOOP_TEST_CASE("run_test gives the body's value, whatever its type", "[testing]") {
  const auto number = []() -> eddy::Task<int> { co_return 7; };
  CHECK(eddy::testing::run_test(number) == 7);
  const auto pointer = []() -> eddy::Task<std::unique_ptr<int>> { co_return std::make_unique<int>(8); };
  CHECK(*eddy::testing::run_test(pointer) == 8);
  static int place = 0;
  const auto reference = []() -> eddy::Task<int&> { co_return place; };
  CHECK(&eddy::testing::run_test(reference) == &place);
}

EDDY_LOOP_TEST_CASE("run_test throws what the body throws", "[testing]") {
  const auto body = []() -> eddy::Task<int> {
    co_await eddy::sleep(1s);
    throw std::out_of_range("exactly this type");
  };
  CHECK_THROWS_AS(eddy::testing::run_test(body), std::out_of_range);
}

EDDY_LOOP_TEST_CASE("run_test is on virtual time unless real time is asked for", "[testing][real]") {
  const auto day = []() -> eddy::Task<eddy::Duration> {
    const auto start = test::now();
    co_await eddy::sleep(24h);
    co_return test::now() - start;
  };
  CHECK(eddy::testing::run_test(day) == 24h);
  const auto moment = []() -> eddy::Task<> { co_await eddy::sleep(20ms); };
  const auto before = std::chrono::steady_clock::now();
  eddy::testing::run_test(moment, {.real_time = true});
  CHECK(std::chrono::steady_clock::now() - before >= 20ms);
}

EDDY_LOOP_TEST_CASE("a test that can never wake again fails at once, with the list of who waits where", "[testing]") {
  const auto body = []() -> eddy::Task<> {
    eddy::Event never;
    eddy::Lock lock;
    const auto guard = co_await lock.scoped();
    const auto second = [&]() -> eddy::Task<> { co_await lock.acquire(); };
    const auto first = [&]() -> eddy::Task<> { co_await never.wait(); };
    co_await eddy::gather(first(), second());
  };
  const auto real = std::chrono::steady_clock::now();
  std::string text;
  try {
    eddy::testing::run_test(body);
  } catch (const eddy::DeadlockError& error) {
    text = error.what();
  }
  CHECK(std::chrono::steady_clock::now() - real < 30s);
  CHECK(contains(text, "eddy: deadlock: nothing can ever run again"));
  CHECK(contains(text, "waits for an event at "));
  CHECK(contains(text, "waits for a lock at "));
  CHECK(contains(text, "run_test_test.cpp:"));
}

EDDY_LOOP_TEST_CASE("a task that is left behind fails the test, with where it waits, unless it is allowed",
                    "[testing]") {
  const auto body = []() -> eddy::Task<> {
    eddy::create_task(sleeper(), {.name = "forgotten"});
    co_await eddy::yield();
  };
  const std::string text = error_of(body);
  CHECK(contains(text, "the test left behind what was still waiting; await or cancel it, or allow it:"));
  CHECK(contains(text, "forgotten waits for sleep at "));
  CHECK(error_of(body, {.may_leave_tasks = true}) == "nothing");
}

EDDY_LOOP_TEST_CASE("a task that has not begun is left behind, too", "[testing]") {
  const auto body = []() -> eddy::Task<> {
    eddy::create_task(sleeper());
    co_return;
  };
  CHECK(contains(error_of(body), "left behind"));
}

EDDY_LOOP_TEST_CASE("a timer that is left behind fails the test, unless it is allowed or cancelled", "[testing]") {
  const auto body = []() -> eddy::Task<> {
    eddy::get_running_loop().call_later(1h, [] {});
    co_return;
  };
  CHECK(contains(error_of(body), "a callback of call_later or call_at"));
  CHECK(error_of(body, {.may_leave_tasks = true}) == "nothing");
  const auto cancels = []() -> eddy::Task<> {
    eddy::get_running_loop().call_later(1h, [] {}).cancel();
    co_return;
  };
  CHECK(error_of(cancels) == "nothing");
}

EDDY_LOOP_TEST_CASE("a report that nobody takes fails the test, and one that is taken does not", "[testing]") {
  const auto body = []() -> eddy::Task<> {
    eddy::create_task(fails());
    co_await eddy::sleep(1s);
  };
  CHECK(error_of(body) ==
        "reported to the exception handler, and not taken by the test:\n  an exception of a task was never retrieved: "
        "lost");
  const auto takes = []() -> eddy::Task<> {
    eddy::create_task(fails());
    co_await eddy::sleep(1s);
    CHECK(test::take_reports() == Log{"an exception of a task was never retrieved: lost"});
    CHECK(test::take_reports().empty());
  };
  CHECK(error_of(takes) == "nothing");
}

EDDY_LOOP_TEST_CASE("the reports of a test that failed do not fail the next", "[testing]") {
  const auto body = []() -> eddy::Task<> {
    eddy::create_task(fails());
    co_await eddy::sleep(1s);
    throw std::logic_error("the body's own");
  };
  CHECK(error_of(body) == "the body's own");
  const auto next = []() -> eddy::Task<> { co_return; };
  CHECK(error_of(next) == "nothing");
  CHECK(error_of(body) == "the body's own");
  CHECK(test::take_reports().size() == 1);  // they can be looked at until then
}

EDDY_LOOP_TEST_CASE("tasks that are left are ended, also when the body fails", "[testing]") {
  Log log;
  const auto left = [&]() -> eddy::Task<> {
    const test::OnExit ended(log, "ended");
    co_await eddy::sleep(1h);
  };
  const auto body = [&]() -> eddy::Task<> {
    eddy::create_task(left());
    co_await eddy::yield();
    throw std::logic_error("the body's own");
  };
  CHECK(error_of(body) == "the body's own");
  CHECK(log == Log{"ended"});
}

EDDY_LOOP_TEST_CASE("a failure in the middle of a gather is the test's failure", "[testing]") {
  const auto body = []() -> eddy::Task<> { co_await eddy::gather(sleeper(), fails()); };
  CHECK(error_of(body) == "lost");
}

EDDY_TEST_CASE("hidden: a cleanup waits in vain", "[.][testing_child]") {
  const auto wait_in_vain = []() -> eddy::Task<> {
    eddy::Event never;
    co_await never.wait();
  };
  co_await eddy::try_finally(wait_in_vain(), wait_in_vain());
}

EDDY_LOOP_TEST_CASE("a test whose cleanup waits in vain fails at once, too", "[testing]") {
  // In a child process: what is stuck is left alone, and so its frames are never freed.
  const auto child = test::run_self("hidden: a cleanup waits in vain");
  CHECK(child.status != 0);
  CHECK(contains(child.output, "nothing can ever run again"));
  CHECK(contains(child.output, "waits for an event at "));
  CHECK(contains(child.output, "run_test_test.cpp:"));
}
