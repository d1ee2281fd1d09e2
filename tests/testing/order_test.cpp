// Tests of eddy/testing/order.hpp.
// SPDX-License-Identifier: MIT
#include <eddy/testing/order.hpp>

#include "support/run.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using eddy::testing::Order;
using eddy::testing::SeededOrder;

namespace {

using Log = std::vector<std::string>;

eddy::Task<> turns(Log& log, std::string name, int count) {
  for (int i = 0; i < count; ++i) {
    log.push_back(name);
    co_await eddy::yield();
  }
}

// The order in which six tasks take three turns each.
Log trace(std::uint64_t seed) {
  Log log;
  const auto body = [&]() -> eddy::Task<> {
    std::vector<eddy::TaskHandle<>> tasks;
    for (const char* name : {"a", "b", "c", "d", "e", "f"}) tasks.push_back(eddy::create_task(turns(log, name, 3)));
    for (auto& task : tasks) co_await task;
  };
  eddy::testing::run_test(body, {.seed = seed});
  return log;
}

eddy::Task<> note_after(Log& log, std::string name, eddy::Duration delay) {
  co_await eddy::sleep(delay);
  log.push_back(name);
}

}  // namespace

EDDY_LOOP_TEST_CASE("seed 0 is the loop's own order", "[testing][order]") {
  CHECK(SeededOrder::order_of(0) == Order::fifo);
  CHECK(trace(0) == Log{"a", "b", "c", "d", "e", "f", "a", "b", "c", "d", "e", "f", "a", "b", "c", "d", "e", "f"});
}

EDDY_LOOP_TEST_CASE("seed 1 reverses each batch", "[testing][order]") {
  CHECK(SeededOrder::order_of(1) == Order::reverse);
  CHECK(trace(1) == Log{"f", "e", "d", "c", "b", "a", "a", "b", "c", "d", "e", "f", "f", "e", "d", "c", "b", "a"});
}

EDDY_LOOP_TEST_CASE("the same seed gives the same order", "[testing][order]") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) CHECK(trace(seed) == trace(seed));
}

EDDY_LOOP_TEST_CASE("different seeds give different orders", "[testing][order]") {
  std::set<Log> traces;
  for (std::uint64_t seed = 0; seed < 50; ++seed) traces.insert(trace(seed));
  CHECK(traces.size() > 45);
}

EDDY_LOOP_TEST_CASE("under any seed each task takes all its turns", "[testing][order]") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const Log log = trace(seed);
    for (const char* name : {"a", "b", "c", "d", "e", "f"}) CHECK(std::count(log.begin(), log.end(), name) == 3);
  }
}

EDDY_LOOP_TEST_CASE("of the seeds above 1 two thirds shuffle and one third starves a task", "[testing]") {
  int starving = 0;
  for (std::uint64_t seed = 2; seed < 302; ++seed) {
    const Order order = SeededOrder::order_of(seed);
    CHECK((order == Order::shuffle || order == Order::starve_one));
    if (order == Order::starve_one) ++starving;
  }
  CHECK(starving == 100);
}

EDDY_LOOP_TEST_CASE("a starved task is put off for at most 50 passes in a row", "[testing][order]") {
  std::set<int> longest_waits;
  for (std::uint64_t seed = 3; seed < 120; seed += 3) {
    int passes = 0;
    std::vector<int> waits(4, 0);
    const auto body = [&]() -> eddy::Task<> {
      std::vector<eddy::TaskHandle<>> tasks;
      const auto run = [&](std::size_t self) -> eddy::Task<> {
        int before = passes;
        while (passes < 400) {
          co_await eddy::yield();
          waits[self] = std::max(waits[self], passes - before);
          before = passes;
        }
      };
      for (std::size_t i = 0; i < waits.size(); ++i) tasks.push_back(eddy::create_task(run(i)));
      const auto count = [&]() -> eddy::Task<> {
        for (; passes < 400; ++passes) co_await eddy::yield();
      };
      tasks.push_back(eddy::create_task(count()));
      for (auto& task : tasks) co_await task;
    };
    eddy::testing::run_test(body, {.seed = seed});
    longest_waits.insert(*std::max_element(waits.begin(), waits.end()));
  }
  CHECK(longest_waits.count(51) == 1);      // put off 50 times, run in the pass after
  CHECK(*longest_waits.rbegin() <= 52);     // the counting task may run before or after it
}

EDDY_LOOP_TEST_CASE("a starved task runs as soon as nothing else can", "[testing][order]") {
  for (std::uint64_t seed = 3; seed < 120; seed += 3) {
    eddy::testing::VirtualClock clock;
    const auto body = [&]() -> eddy::Task<> {
      Log log;
      const auto start = test::now();
      co_await eddy::gather(turns(log, "a", 5), turns(log, "b", 5), note_after(log, "c", 1s));
      CHECK(test::now() - start == 1s);  // the clock never jumped over work that was put off
      CHECK(log.back() == "c");
    };
    eddy::testing::run_test(body, {.clock = &clock, .seed = seed});
  }
}

EDDY_LOOP_TEST_CASE("a seed permutes timers of equal deadlines, never those of different ones", "[testing][order]") {
  std::set<Log> orders;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Log log;
    const auto body = [&]() -> eddy::Task<> {
      co_await eddy::gather(note_after(log, "a", 1s), note_after(log, "b", 1s), note_after(log, "c", 1s),
                            note_after(log, "late", 2s));
    };
    eddy::testing::run_test(body, {.seed = seed});
    REQUIRE(log.size() == 4);
    CHECK(log.back() == "late");
    orders.insert(log);
  }
  CHECK(orders.size() == 6);
}

EDDY_LOOP_TEST_CASE("a seed decides which of two tasks that end in the same pass wins a race", "[testing][order]") {
  std::set<std::size_t> winners;
  const auto after = [](int value) -> eddy::Task<int> {
    co_await eddy::sleep(1s);
    co_return value;
  };
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto body = [&]() -> eddy::Task<> {
      const int winner = co_await eddy::race(after(0), after(1));
      winners.insert(static_cast<std::size_t>(winner));
    };
    eddy::testing::run_test(body, {.seed = seed});
  }
  CHECK(winners.size() == 2);
}

EDDY_LOOP_TEST_CASE("waiters of a lock are served first come, first served, under every seed", "[testing][order]") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Log log;
    Log came;
    const auto body = [&]() -> eddy::Task<> {
      eddy::Lock lock;
      const auto take = [&](std::string name) -> eddy::Task<> {
        co_await eddy::yield();
        came.push_back(name);
        const auto guard = co_await lock.scoped();
        log.push_back(name);
        co_await eddy::yield();
      };
      co_await eddy::gather(take("a"), take("b"), take("c"), take("d"));
    };
    eddy::testing::run_test(body, {.seed = seed});
    CHECK(log == came);
  }
}

EDDY_LOOP_TEST_CASE("a callback that is cancelled before its turn does not run, under every seed", "[testing][order]") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const auto body = [&]() -> eddy::Task<> {
      auto& loop = eddy::get_running_loop();
      int ran = 0;
      std::vector<eddy::Handle> handles;
      for (int i = 0; i < 6; ++i) handles.push_back(loop.call_soon([&] { ++ran; }));
      for (std::size_t i = 0; i < handles.size(); i += 2) handles[i].cancel();
      bool first = true;
      std::vector<eddy::Handle> rivals;
      for (int i = 0; i < 4; ++i) {
        rivals.push_back(loop.call_soon([&] {
          ++ran;
          if (std::exchange(first, false)) {
            for (auto& rival : rivals) rival.cancel();  // those that are still queued in this very batch
          }
        }));
      }
      for (int i = 0; i < 60; ++i) co_await eddy::yield();
      CHECK(ran == 4);
    };
    eddy::testing::run_test(body, {.seed = seed});
  }
}
