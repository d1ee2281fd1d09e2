// Runner, run_forever, run_until_complete and stop: loops that live longer than one task.
//
// SPDX-License-Identifier: MIT
#include "support/run.hpp"
#include <unistd.h>

#include <atomic>
#include <exception>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

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
  eddy::Event never;
  const auto wait = [&]() -> eddy::Task<> { co_await never.wait(); };
  const auto start = [&]() -> eddy::Task<> {
    (void)eddy::create_task(wait(), {.name = "waiter"});
    co_return;
  };
  loop.run_until_complete(start());
  std::string text;
  try {
    loop.run_forever();
  } catch (const eddy::DeadlockError& error) {
    text = error.what();
  }
  CHECK(text.find("\n  waiter waits for an event at " __FILE__ ":") != std::string::npos);
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
  eddy::Runner runner(options);
  runner.get_loop().set_slow_callback_duration(24h);  // to make so many tasks may take long
  runner.run(body());
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

// stop() inside and around run.

namespace {

constexpr const char* kStopped = "eddy: the loop was stopped before its main task ended";

eddy::Task<int> turns(std::vector<std::string>& log, std::string name, int count) {
  const OnExit exit(log, name + " is over");
  for (int turn = 0; turn < count; ++turn) {
    log.push_back(name + ' ' + std::to_string(turn));
    co_await eddy::yield();
  }
  co_return count;
}

eddy::RunOptions on_clock(eddy::testing::VirtualClock& clock) {
  eddy::RunOptions options;
  options.clock = &clock;
  options.on_exception = &test::record_report;
  return options;
}

}  // namespace

TEST_CASE("stop inside run ends it with RuntimeError, and main and all others are cancelled and waited for", "[c330]") {
  eddy::testing::VirtualClock clock;
  std::vector<std::string> log;
  const auto cleanup = [&]() -> eddy::Task<> {
    co_await eddy::sleep(1s);
    log.push_back("cleaned up");
  };
  const auto body = [&]() -> eddy::Task<> {
    (void)eddy::create_task(until_cancelled(log));
    co_await eddy::yield();
    eddy::get_running_loop().stop();
    const auto forever = []() -> eddy::Task<> { co_await eddy::sleep(24h); };
    co_await eddy::try_finally(forever, cleanup);
    log.push_back("never");
  };
  CHECK_THROWS_WITH(eddy::run(body(), on_clock(clock)), kStopped);
  CHECK(log == std::vector<std::string>{"stopped", "cleaned up"});
  CHECK(clock.elapsed() == 1s);
  CHECK(take_reports().empty());
}

TEST_CASE("stop inside run ends it on real time, too", "[real]") {
  const auto body = []() -> eddy::Task<> {
    eddy::get_running_loop().stop();
    co_await eddy::sleep(24h);
  };
  CHECK_THROWS_WITH(eddy::run(body()), kStopped);
}

TEST_CASE("what main throws while it is ended after a stop is nested into the RuntimeError") {
  eddy::testing::VirtualClock clock;
  const auto body = []() -> eddy::Task<> {
    eddy::get_running_loop().stop();
    const auto forever = []() -> eddy::Task<> { co_await eddy::sleep(24h); };
    const auto cleanup = []() -> eddy::Task<> {
      co_await eddy::yield();
      throw std::out_of_range("the cleanup failed");
    };
    co_await eddy::try_finally(forever, cleanup);
  };
  std::string nested;
  try {
    eddy::run(body(), on_clock(clock));
  } catch (const eddy::RuntimeError& error) {
    CHECK(std::string(error.what()) == kStopped);
    try {
      std::rethrow_if_nested(error);
    } catch (const std::out_of_range& inner) {
      nested = inner.what();
    }
  }
  CHECK(nested == "the cleanup failed");
  CHECK(take_reports().empty());
}

TEST_CASE("main that ends in the pass in which the loop is stopped gives its value") {
  eddy::testing::VirtualClock clock;
  std::vector<std::string> log;
  const auto body = [&]() -> eddy::Task<int> {
    eddy::get_running_loop().stop();
    (void)eddy::create_task(turns(log, "late", 1));
    co_return 5;
  };
  CHECK(eddy::run(body(), on_clock(clock)) == 5);
  CHECK(log.empty());  // its task gets no turn of its own any more
}

TEST_CASE("leftovers that stop the loop while they are ended are ended all the same") {
  eddy::testing::VirtualClock clock;
  std::vector<std::string> log;
  const auto stops = [&]() -> eddy::Task<> {
    eddy::get_running_loop().stop();
    co_await eddy::sleep(1s);
    eddy::get_running_loop().stop();
    co_await eddy::sleep(1s);
    log.push_back("cleaned up");
  };
  const auto leftover = [&]() -> eddy::Task<> {
    const auto forever = []() -> eddy::Task<> { co_await eddy::sleep(24h); };
    co_await eddy::try_finally(forever, stops);
  };
  const auto body = [&]() -> eddy::Task<int> {
    (void)eddy::create_task(leftover);
    co_await eddy::yield();
    co_return 1;
  };
  CHECK(eddy::run(body(), on_clock(clock)) == 1);
  CHECK(log == std::vector<std::string>{"cleaned up"});
  CHECK(clock.elapsed() == 2s);
}

TEST_CASE("a Runner whose loop was stopped before makes one pass, and its task goes on in the next run", "[order]") {
  eddy::testing::VirtualClock clock;
  std::vector<std::string> log;
  {
    eddy::Runner runner(on_clock(clock));
    runner.get_loop().stop();
    CHECK_THROWS_WITH(runner.run(turns(log, "x", 2)), kStopped);
    CHECK(log == std::vector<std::string>{"x 0"});
    CHECK(runner.run(turns(log, "y", 1)) == 1);
    CHECK(log == std::vector<std::string>{"x 0", "x 1", "y 0", "x is over", "y is over"});
    runner.get_loop().stop();
    CHECK(runner.run(turns(log, "z", 0)) == 0);  // it needs no more than that pass
    const auto stops = [&]() -> eddy::Task<> {
      eddy::get_running_loop().stop();
      co_await eddy::sleep(24h);
    };
    CHECK_THROWS_WITH(runner.run(stops()), kStopped);
    CHECK(runner.run(after(1s, 3)) == 3);
    runner.get_loop().stop();
  }  // a stop does not keep close from ending what is left
  CHECK(clock.elapsed() == 1s);
  CHECK(take_reports().empty());
}

TEST_CASE("run_until_complete after an earlier stop makes one pass and then throws") {
  eddy::testing::VirtualClock clock;
  eddy::EventLoop loop(&clock);
  std::vector<std::string> log;
  loop.call_soon([&] { log.push_back("callback"); });
  loop.call_later(0s, [&] { log.push_back("due timer"); });
  loop.call_later(1s, [&] { log.push_back("later"); });
  loop.stop();
  CHECK_THROWS_WITH(loop.run_until_complete(turns(log, "x", 2)), kStopped);
  CHECK(log == std::vector<std::string>{"callback", "x 0", "due timer"});
  CHECK(clock.elapsed() == 0s);
  loop.stop();
  CHECK(loop.run_until_complete(turns(log, "y", 0)) == 0);
  CHECK(loop.run_until_complete(after(1s, 7)) == 7);
  CHECK(log.back() == "later");
  loop.close();
}

TEST_CASE("the one pass after an earlier stop looks at descriptors and timers but waits for neither",
          "[socket][real]") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  REQUIRE(::write(ends[1], "x", 1) == 1);
  std::vector<std::string> log;
  eddy::EventLoop loop;
  loop.add_reader(ends[0], [&] {
    log.push_back("reader");
    loop.remove_reader(ends[0]);
  });
  loop.call_at(loop.time(), [&] { log.push_back("due timer"); });
  loop.call_later(24h, [&] { log.push_back("never"); });
  loop.stop();
  loop.run_forever();
  CHECK(log == std::vector<std::string>{"reader", "due timer"});
  loop.stop();
  loop.run_forever();  // nothing is ready: it does not wait
  loop.close();
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_CASE("an idle loop is stopped from another thread by call_soon_threadsafe", "[real]") {
  eddy::EventLoop* waiting = nullptr;
  std::atomic<bool> runs = false;
  std::thread other([&] {
    eddy::EventLoop loop;
    waiting = &loop;
    loop.call_soon([&] { runs = true; });
    loop.run_forever();
  });
  while (!runs) std::this_thread::yield();
  waiting->call_soon_threadsafe([&] { waiting->stop(); });
  other.join();
}
