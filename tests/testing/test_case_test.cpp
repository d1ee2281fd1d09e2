// Tests of eddy/testing/test_case.hpp and checks.hpp. Those that have to fail are hidden, and run in a child process.
// SPDX-License-Identifier: MIT
#include <eddy/testing/test_case.hpp>

#include "support/child.hpp"
#include "support/run.hpp"

#include <cstdio>
#include <fcntl.h>
#include <stdexcept>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using test::contains;
using test::run_self;

namespace {

using Log = std::vector<std::string>;

constexpr int kLineOfCheck = __LINE__ + 3;
eddy::Task<> checks_in_a_child() {
  co_await eddy::sleep(1s);
  CHECK(1 + 1 == 3);
  co_await eddy::sleep(1s);
}

constexpr int kLineOfRequire = __LINE__ + 3;
eddy::Task<> requires_in_a_child() {
  co_await eddy::sleep(1s);
  REQUIRE(1 + 1 == 3);
  std::printf("went on after REQUIRE\n");
}

// Tasks that note their names in the order in which they run, twice each.
eddy::Task<> note(std::string& order, char name) {
  order += name;
  co_await eddy::yield();
  order += name;
}
eddy::Task<std::string> order_of_tasks() {
  std::string order;
  co_await eddy::gather(note(order, 'a'), note(order, 'b'), note(order, 'c'), note(order, 'd'), note(order, 'e'));
  co_return order.substr(5);
}

}  // namespace

EDDY_TEST_CASE("the body of a test case is a coroutine on virtual time", "[testing]") {
  const auto start = test::now();
  co_await eddy::sleep(24h);
  CHECK(test::now() - start == 24h);
  CHECK(eddy::current_task().name() == "main");
}

EDDY_TEST_CASE("a test case with the tag [real] waits for real", "[testing][real]") {
  const auto before = std::chrono::steady_clock::now();
  co_await eddy::sleep(20ms);
  CHECK(std::chrono::steady_clock::now() - before >= 20ms);
}

EDDY_TEST_CASE("a test case may have no tags")  // Catch2 takes one argument as well
{
  co_await eddy::yield();
}

EDDY_TEST_CASE("hidden: a check fails in a task", "[.][testing_child]") { co_await eddy::gather(checks_in_a_child()); }
EDDY_TEST_CASE("hidden: a requirement fails in a task", "[.][testing_child]") { co_await eddy::gather(requires_in_a_child()); }

EDDY_LOOP_TEST_CASE("a check that fails inside of a task fails the test, with its line and the seed", "[testing]") {
  const auto child = run_self("hidden: a check fails in a task", "EDDY_SEED=42");
  CHECK(child.status == 1);
  CHECK(contains(child.output, "test_case_test.cpp:" + std::to_string(kLineOfCheck) + ": FAILED: CHECK( 1 + 1 == 3 )"));
  CHECK(contains(child.output, "with message: EDDY_SEED=42"));
}

EDDY_LOOP_TEST_CASE("a requirement that fails inside of a task ends the test there", "[testing]") {
  const auto child = run_self("hidden: a requirement fails in a task");
  CHECK(child.status == 1);
  CHECK(contains(child.output, "test_case_test.cpp:" + std::to_string(kLineOfRequire) + ": FAILED: REQUIRE( 1 + 1 == 3 )"));
  CHECK_FALSE(contains(child.output, "went on after REQUIRE"));
}

EDDY_TEST_CASE("hidden: fails under some orders", "[.][testing_child]") {
  const std::string order = co_await order_of_tasks();
  std::printf("order=%s;\n", order.c_str());
  CHECK(order[0] != 'd');
}

EDDY_LOOP_TEST_CASE("EDDY_SEEDS runs many orders, a failure prints its seed, and EDDY_SEED replays it exactly",
                    "[testing][c342]") {
  const auto all = run_self("hidden: fails under some orders", "EDDY_SEEDS=60");
  CHECK(all.status > 0);
  const auto failed = all.output.find("EDDY_SEED=");
  REQUIRE(failed != std::string::npos);
  const std::string seed = all.output.substr(failed, all.output.find(' ', failed) - failed);
  const auto before = all.output.rfind("order=", failed);
  const std::string order = all.output.substr(before, all.output.find(';', before) - before);
  CHECK(order.substr(0, 7) == "order=d");
  for (int i = 0; i < 2; ++i) {
    const auto replay = run_self("hidden: fails under some orders", seed);
    CHECK(replay.status == 1);
    CHECK(contains(replay.output, order + ";"));
    CHECK(contains(replay.output, seed));
  }
  const auto fifo = run_self("hidden: fails under some orders");
  CHECK(fifo.status == 0);
  CHECK(contains(fifo.output, "order=abcde;"));
  const auto both = run_self("hidden: fails under some orders", seed + " EDDY_SEEDS=60");
  CHECK(both.output.find("order=") == both.output.rfind("order="));  // one run: a given seed goes before many
}

EDDY_TEST_CASE("hidden: asserts the order", "[.][testing_child][order]") {
  const std::string order = co_await order_of_tasks();
  CHECK(order == "abcde");
}

EDDY_LOOP_TEST_CASE("a test case with the tag [order] runs in FIFO order only", "[testing]") {
  CHECK(run_self("hidden: asserts the order").status == 0);
  CHECK(run_self("hidden: asserts the order", "EDDY_SEED=1").status == 0);
  const auto many = run_self("hidden: asserts the order", "EDDY_SEEDS=100");
  CHECK(many.status == 0);
  CHECK(contains(many.output, "1 assertion in 1 test case"));
}

EDDY_TEST_CASE("hidden: waits for ever", "[.][testing_child]") {
  eddy::Event never;
  co_await never.wait();
}

EDDY_LOOP_TEST_CASE("a test case that can never wake again fails at once and says who waits where", "[testing]") {
  const auto child = run_self("hidden: waits for ever");
  CHECK(child.status == 1);
  CHECK(contains(child.output, "eddy: deadlock: nothing can ever run again"));
  CHECK(contains(child.output, "waits for an event at "));
  CHECK(contains(child.output, "test_case_test.cpp:"));
}

EDDY_TEST_CASE("hidden: waits for a task that died", "[.][testing_child]") {
  eddy::Event ready;
  eddy::create_task([]() -> eddy::Task<> {
    co_await eddy::yield();
    throw std::runtime_error("the server did not start");
  });
  co_await ready.wait();
}

EDDY_LOOP_TEST_CASE("a test case that waits in vain for a task that died says what it died of", "[testing]") {
  const auto child = run_self("hidden: waits for a task that died");
  CHECK(child.status == 1);
  CHECK(contains(child.output, "eddy: deadlock"));
  CHECK(contains(child.output, "an exception of a task was never retrieved: the server did not start"));
}

EDDY_TEST_CASE("hidden: leaves a task", "[.][testing_child]") {
  eddy::create_task([]() -> eddy::Task<> { co_await eddy::sleep(1h); });
  co_await eddy::yield();
}
EDDY_TEST_CASE("hidden: may leave a task", "[.][testing_child][leaves_tasks]") {
  eddy::create_task([]() -> eddy::Task<> { co_await eddy::sleep(1h); });
  co_await eddy::yield();
}
EDDY_TEST_CASE("hidden: leaves a timer", "[.][testing_child]") {
  eddy::get_running_loop().call_later(1h, [] {});
  co_return;
}
EDDY_TEST_CASE("hidden: leaves a frame", "[.][testing_child]") {
  static eddy::Task<> kept;
  kept = []() -> eddy::Task<> { co_return; }();
  co_return;
}
EDDY_TEST_CASE("hidden: leaves a descriptor", "[.][testing_child]") {
  CHECK(::open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0);
  co_return;
}
EDDY_TEST_CASE("hidden: leaves a report", "[.][testing_child]") {
  eddy::get_running_loop().call_soon([] { throw std::runtime_error("lost"); });
  co_await eddy::yield();
}

EDDY_LOOP_TEST_CASE("tasks, timers, frames, descriptors and reports that are left behind fail the test case", "[testing]") {
  const auto task = run_self("hidden: leaves a task");
  CHECK(task.status == 1);
  CHECK(contains(task.output, "left behind what was still waiting"));
  CHECK(contains(task.output, "waits for sleep at "));
  CHECK(contains(task.output, "test_case_test.cpp:"));
  CHECK(run_self("hidden: may leave a task").status == 0);
  const auto timer = run_self("hidden: leaves a timer");
  CHECK(timer.status == 1);
  CHECK(contains(timer.output, "a callback of call_later or call_at"));
  const auto frame = run_self("hidden: leaves a frame");
  CHECK(frame.status != 0);
  CHECK(contains(frame.output, "frames of tasks that are left, or freed twice: 1"));
  const auto descriptor = run_self("hidden: leaves a descriptor");
  CHECK(descriptor.status == 1);
  CHECK(contains(descriptor.output, "descriptors that are left open: 1"));
  const auto report = run_self("hidden: leaves a report");
  CHECK(report.status == 1);
  CHECK(contains(report.output, "a callback threw an exception: lost"));
}

EDDY_LOOP_TEST_CASE("a wrong environment variable fails the test case with a sentence", "[testing]") {
  const auto seed = run_self("hidden: asserts the order", "EDDY_SEED=1");
  CHECK(seed.status == 0);  // [order] does not ask for it
  const auto word = run_self("hidden: fails under some orders", "EDDY_SEEDS=many");
  CHECK(word.status == 1);
  CHECK(contains(word.output, "the environment variable EDDY_SEEDS is no number: many"));
  const auto sweep = run_self("hidden: fails under some orders", "EDDY_SWEEP=everything");
  CHECK(sweep.status == 1);
  CHECK(contains(sweep.output, "EDDY_SWEEP is neither cancellations nor allocations: everything"));
}

EDDY_TEST_CASE("hidden: gets stuck when it is cancelled", "[.][testing_child]") {
  const auto wait_in_vain = []() -> eddy::Task<> {
    eddy::Event never;
    co_await never.wait();
  };
  bool done = false;
  const auto work = [&]() -> eddy::Task<> {
    co_await eddy::sleep(1s);
    done = true;
  };
  const auto clean_up = [&]() -> eddy::Task<> {
    if (!done) co_await wait_in_vain();
  };
  co_await eddy::try_finally(work(), clean_up());
}

EDDY_LOOP_TEST_CASE("EDDY_SWEEP sweeps any test case for hangs, and does not judge its checks", "[testing]") {
  CHECK(run_self("hidden: gets stuck when it is cancelled").status == 0);
  const auto stuck = run_self("hidden: gets stuck when it is cancelled", "EDDY_SWEEP=cancellations");
  CHECK(stuck.status != 0);
  CHECK(contains(stuck.output, "EDDY_SWEEP=cancellations, at "));
  CHECK(run_self("hidden: a check fails in a task", "EDDY_SWEEP=cancellations").status == 0);
  CHECK(run_self("hidden: a check fails in a task", "EDDY_SWEEP=allocations").status == 0);
}

EDDY_LOOP_TEST_CASE("a loop test case runs the kit as often as it likes", "[testing]") {
  const auto number = []() -> eddy::Task<int> { co_return 3; };
  int sum = 0;
  for (int i = 0; i < 3; ++i) sum += eddy::testing::run_test(number);
  CHECK(sum == 9);
}

EDDY_TEST_CASE("each family of checks still works", "[testing]") {
  const auto throws = [] { throw std::runtime_error("text"); };
  co_await eddy::yield();
  CHECK(1 == 1);
  REQUIRE(1 == 1);
  CHECK_FALSE(1 == 2);
  REQUIRE_FALSE(1 == 2);
  CHECK_THROWS(throws());
  REQUIRE_THROWS(throws());
  CHECK_THROWS_AS(throws(), std::runtime_error);
  REQUIRE_THROWS_AS(throws(), std::runtime_error);
  CHECK_THROWS_WITH(throws(), "text");
  REQUIRE_THROWS_WITH(throws(), "text");
  CHECK_NOTHROW(1 + 1);
  REQUIRE_NOTHROW(1 + 1);
  SUCCEED("a text");
}
