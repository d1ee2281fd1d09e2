// Runner, run_forever, run_until_complete and stop: loops that live longer than one task.
//
// SPDX-License-Identifier: MIT
#include "support/run.hpp"

using namespace test;

namespace {

eddy::Task<int> after(std::chrono::nanoseconds delay, int value) {
  co_await eddy::sleep(delay);
  co_return value;
}

eddy::Task<> until_cancelled(std::vector<std::string>& log) {
  const OnExit exit(log, "stopped");
  co_await eddy::sleep(24h);
}

}  // namespace

TEST_CASE("a Runner runs several tasks on one loop, and what they leave stands still in between") {
  eddy::testing::VirtualClock clock;
  eddy::RunOptions options;
  options.clock = &clock;
  std::vector<std::string> log;
  {
    eddy::Runner runner(options);
    const auto first = [&log]() -> eddy::Task<int> {
      (void)eddy::create_task(until_cancelled(log));
      co_return co_await after(1s, 1);
    };
    CHECK(runner.run(first()) == 1);
    CHECK(log.empty());
    CHECK(runner.run(after(1s, 2)) == 2);
    CHECK(log.empty());
    runner.close();
    CHECK(log == std::vector<std::string>{"stopped"});
    CHECK(runner.get_loop().is_closed());
    CHECK_THROWS_AS(runner.run(after(1s, 3)), eddy::LoopClosed);
    runner.close();
  }
  CHECK(clock.elapsed() == 2s);
}

TEST_CASE("a Runner goes on after a task that failed") {
  eddy::testing::VirtualClock clock;
  eddy::RunOptions options;
  options.clock = &clock;
  eddy::Runner runner(options);
  const auto bad = []() -> eddy::Task<> {
    co_await eddy::yield();
    throw std::runtime_error("bad");
  };
  CHECK_THROWS_WITH(runner.run(bad()), "bad");
  CHECK(runner.run(after(1s, 2)) == 2);
}

TEST_CASE("run_forever runs until stop, which ends it after the pass", "[c330]") {
  eddy::testing::VirtualClock clock;
  eddy::EventLoop loop(&clock);
  std::vector<int> order;
  loop.call_soon([&] {
    order.push_back(1);
    loop.stop();
    loop.call_soon([&] { order.push_back(3); });
  });
  loop.call_soon([&] { order.push_back(2); });
  loop.run_forever();
  CHECK(order == std::vector<int>{1, 2});
  loop.stop();
  loop.run_forever();
  CHECK(order == std::vector<int>{1, 2, 3});
  loop.close();
  CHECK_THROWS_AS(loop.run_forever(), eddy::LoopClosed);
}

TEST_CASE(
    "run_until_complete gives the result of a task, a handle or a future, and leaves the others for the next time") {
  eddy::testing::VirtualClock clock;
  eddy::EventLoop loop(&clock);
  CHECK(loop.run_until_complete(after(1s, 7)) == 7);
  auto future = loop.create_future<int>();
  int late = 0;
  loop.call_later(1s, [&] { future.set_result(8); });
  loop.call_later(2s, [&] { late = 9; });
  CHECK(loop.run_until_complete(future) == 8);
  CHECK(late == 0);
  CHECK(loop.run_until_complete(after(5s, 1)) == 1);
  CHECK(late == 9);
  loop.close();
}

TEST_CASE("run_until_complete that is stopped before its task is done throws RuntimeError") {
  eddy::testing::VirtualClock clock;
  eddy::EventLoop loop(&clock);
  loop.call_later(1s, [&] { loop.stop(); });
  CHECK_THROWS_AS(loop.run_until_complete(after(1h, 7)), eddy::RuntimeError);
  loop.close();
}

TEST_CASE("run_forever on a virtual clock throws DeadlockError when nothing can ever run") {
  eddy::testing::VirtualClock clock;
  eddy::EventLoop loop(&clock);
  CHECK_THROWS_AS(loop.run_forever(), eddy::DeadlockError);
  loop.close();
}

TEST_CASE("debug mode warns once of a gather of more than ten thousand tasks") {
  eddy::testing::VirtualClock clock;
  eddy::RunOptions options;
  options.clock = &clock;
  options.debug = true;
  options.on_exception = &test::record_report;
  const auto body = []() -> eddy::Task<> {
    for (int round = 0; round < 2; ++round) {
      std::vector<eddy::Task<int>> tasks;
      for (int i = 0; i < 10'001; ++i) tasks.push_back(after(0s, i));
      (void)co_await eddy::gather(std::move(tasks));
    }
  };
  eddy::run(body(), options);
  const auto reported = take_reports();
  REQUIRE(reported.size() == 1);
  CHECK(reported[0].find("10001 tasks at once") != std::string::npos);
}

EDDY_TEST_CASE("task_tree shows groups with their children and where each waits") {
  const auto parent = []() -> eddy::Task<> { (void)co_await eddy::gather(after(1s, 1), after(2s, 2)); };
  auto task = eddy::create_task(parent(), {.name = "parent"});
  co_await test::settle();
  const eddy::TaskTree tree = eddy::task_tree();
  REQUIRE(tree.lines.size() == 4);
  CHECK(tree.lines[1].name == "parent");
  CHECK(tree.lines[1].state.find("waits for gather at ") == 0);
  CHECK(tree.lines[2].depth == 1);
  CHECK(tree.lines[3].state.find("waits for sleep at ") == 0);
  co_await task;
}

TEST_CASE("run_once of a Runner ends what its task left, closes the loop, and gives the value") {
  eddy::testing::VirtualClock clock;
  eddy::RunOptions options;
  options.clock = &clock;
  std::vector<std::string> log;
  eddy::Runner runner(options);
  const auto main = [&log]() -> eddy::Task<int> {
    (void)eddy::create_task(until_cancelled(log));
    co_return co_await after(1s, 1);
  };
  CHECK(runner.run_once(main()) == 1);
  CHECK(log == std::vector<std::string>{"stopped"});
  CHECK(runner.get_loop().is_closed());
  CHECK_THROWS_AS(runner.run_once(after(1s, 2)), eddy::LoopClosed);
}
