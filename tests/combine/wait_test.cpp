// wait: which handles are done and which are pending, when it returns, and that it never touches the tasks.
//
// SPDX-License-Identifier: MIT
#include "support/work.hpp"

#include <array>
#include <optional>

using namespace test;

namespace {

using Handles = std::vector<eddy::TaskHandle<int>>;

// Handles of tasks that end after one, two, … seconds with 1, 2, ….
Handles staggered(int count) {
  Handles handles;
  for (int i = 1; i <= count; ++i) handles.push_back(eddy::create_task(after(std::chrono::seconds(i), i)));
  return handles;
}

eddy::Task<int> one() { co_return 1; }

}  // namespace

EDDY_TEST_CASE("wait returns when all tasks are done, with all of them among the done ones in the given order") {
  Handles handles;
  handles.push_back(eddy::create_task(after(3s, 1)));
  handles.push_back(eddy::create_task(after(1s, 2)));
  handles.push_back(eddy::create_task(after(2s, 3)));
  const auto start = now();
  const auto result = co_await eddy::wait(handles);
  static_assert(std::is_same_v<decltype(result), const eddy::WaitResult<int>>);
  CHECK(now() - start == 3s);
  CHECK(result.done == handles);
  CHECK(result.pending.empty());
  CHECK(result.done[1].result() == 2);
}

EDDY_TEST_CASE("wait for the first returns as soon as one task is done") {
  const Handles handles = staggered(3);
  const auto start = now();
  const auto result = co_await eddy::wait(handles, eddy::ReturnWhen::first_completed);
  CHECK(now() - start == 1s);
  REQUIRE(result.done.size() == 1);
  CHECK(result.done[0] == handles[0]);
  REQUIRE(result.pending.size() == 2);
  CHECK(result.pending[0] == handles[1]);
  CHECK(result.pending[1] == handles[2]);
  CHECK_FALSE(handles[1].done());
  CHECK(handles[1].cancelling() == 0);
  (void)co_await eddy::wait(handles);
}

EDDY_TEST_CASE("wait for the first gives all tasks that are done already, not just one", "[c102]") {
  const Handles handles = staggered(4);
  co_await eddy::sleep(std::chrono::milliseconds(2500));
  const auto start = now();
  const auto result = co_await eddy::wait(handles, eddy::ReturnWhen::first_completed);
  CHECK(now() == start);
  CHECK(result.done.size() == 2);
  CHECK(result.pending.size() == 2);
  (void)co_await eddy::wait(handles);
}

EDDY_TEST_CASE("wait for the first gives all tasks that end at the same moment", "[c102][order]") {
  Handles handles;
  for (int i = 0; i < 5; ++i) handles.push_back(eddy::create_task(after(1s, i)));
  const auto result = co_await eddy::wait(handles, eddy::ReturnWhen::first_completed);
  CHECK(result.done.size() == 5);
  CHECK(result.pending.empty());
}

EDDY_TEST_CASE("wait for the first with a task that is done already does not suspend") {
  const Handles handles = staggered(2);
  co_await eddy::sleep(std::chrono::milliseconds(1500));
  const test::TurnProbe other_ran;
  const auto result = co_await eddy::wait(handles, eddy::ReturnWhen::first_completed);
  CHECK_FALSE(other_ran);
  CHECK(result.done.size() == 1);
  (void)co_await eddy::wait(handles);
}

EDDY_TEST_CASE("wait for the first exception returns at the first failure, and does not throw it", "[c104]") {
  Handles handles;
  handles.push_back(eddy::create_task(after(1s, 1)));
  handles.push_back(eddy::create_task(fail_after<int>(2s, "bad")));
  handles.push_back(eddy::create_task(after(3s, 3)));
  const auto start = now();
  const auto result = co_await eddy::wait(handles, eddy::ReturnWhen::first_exception);
  CHECK(now() - start == 2s);
  REQUIRE(result.done.size() == 2);
  CHECK(result.done[0] == handles[0]);
  CHECK(result.done[1] == handles[1]);
  REQUIRE(result.pending.size() == 1);
  CHECK(result.pending[0] == handles[2]);
  CHECK_THROWS_WITH(result.done[1].result(), "bad");
  const int late = co_await handles[2];
  CHECK(late == 3);
}

EDDY_TEST_CASE("wait for the first exception with a failure that is there already does not suspend", "[c104][order]") {
  Handles handles;
  handles.push_back(eddy::create_task(after(1h, 1)));
  handles.push_back(eddy::create_task(fail_after<int>(1s, "bad")));
  co_await eddy::sleep(2s);
  const auto start = now();
  const auto result = co_await eddy::wait(handles, eddy::ReturnWhen::first_exception);
  CHECK(now() == start);
  CHECK(result.done.size() == 1);
  CHECK_THROWS_WITH(handles[1].result(), "bad");
  handles[0].cancel();
}

EDDY_TEST_CASE("wait for the first exception waits for all when none fails") {
  const Handles handles = staggered(3);
  const auto start = now();
  const auto result = co_await eddy::wait(handles, eddy::ReturnWhen::first_exception);
  CHECK(now() - start == 3s);
  CHECK(result.done.size() == 3);
}

EDDY_TEST_CASE("a cancelled task is done for wait, but no exception") {
  const Handles handles = staggered(3);
  eddy::get_running_loop().call_later(500ms, [&] {
    auto victim = handles[0];
    victim.cancel();
  });
  const auto start = now();
  const auto result = co_await eddy::wait(handles, eddy::ReturnWhen::first_exception);
  CHECK(now() - start == 3s);
  REQUIRE(result.done.size() == 3);
  CHECK(result.done[0].cancelled());
}

EDDY_TEST_CASE("a cancelled task ends a wait for the first") {
  Handles handles = staggered(2);
  eddy::get_running_loop().call_later(500ms, [&] { handles[1].cancel(); });
  const auto start = now();
  const auto result = co_await eddy::wait(handles, eddy::ReturnWhen::first_completed);
  CHECK(now() - start == 500ms);
  REQUIRE(result.done.size() == 1);
  CHECK(result.done[0] == handles[1]);
  (void)co_await eddy::wait(handles);
}

EDDY_TEST_CASE("wait for all with a failing task waits for the others too, and throws nothing") {
  Handles handles;
  handles.push_back(eddy::create_task(fail_after<int>(1s, "bad")));
  handles.push_back(eddy::create_task(after(3s, 3)));
  const auto start = now();
  const auto result = co_await eddy::wait(handles);
  CHECK(now() - start == 3s);
  CHECK(result.done.size() == 2);
  CHECK_THROWS_WITH(handles[0].result(), "bad");
}

EDDY_TEST_CASE("wait does not count as having seen an error: it is reported when the last handle goes") {
  {
    Handles handles;
    handles.push_back(eddy::create_task(fail_after<int>(1s, "unseen")));
    const auto result = co_await eddy::wait(handles);
    CHECK(result.done.size() == 1);
  }
  const std::vector<std::string> reports = take_reports();
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].find("unseen") != std::string::npos);
}

EDDY_TEST_CASE("when the time limit of wait passes the rest is pending and runs on", "[c105]") {
  const Handles handles = staggered(3);
  const auto start = now();
  const auto result = co_await eddy::wait(handles, eddy::ReturnWhen::all_completed, 1500ms);
  CHECK(now() - start == 1500ms);
  REQUIRE(result.done.size() == 1);
  CHECK(result.done[0] == handles[0]);
  REQUIRE(result.pending.size() == 2);
  for (const auto& handle : result.pending) {
    CHECK_FALSE(handle.done());
    CHECK(handle.cancelling() == 0);
  }
  const auto rest = co_await eddy::wait(result.pending);
  CHECK(rest.done.size() == 2);
  CHECK(now() - start == 3s);
}

EDDY_TEST_CASE("a task that ends at the very moment of wait's limit is done", "[c105][order]") {
  const Handles handles = staggered(2);
  co_await test::settle();  // the tasks' timers are armed before the limit's
  const auto result = co_await eddy::wait(handles, eddy::ReturnWhen::all_completed, 1s);
  CHECK(result.done.size() == 1);
  CHECK(result.pending.size() == 1);
  (void)co_await eddy::wait(handles);
}

EDDY_LOOP_TEST_CASE("a wait that ends before its limit leaves no timer behind") {
  eddy::testing::VirtualClock clock;
  run_virtual(
      []() -> eddy::Task<> {
        const Handles handles = staggered(2);
        const auto result = co_await eddy::wait(handles, eddy::ReturnWhen::all_completed, 100h);
        CHECK(result.done.size() == 2);
      },
      clock);
  CHECK(clock.elapsed() == 2s);
}

EDDY_TEST_CASE("wait with a limit of zero or less looks after one turn, without waiting", "[c105][order]") {
  Handles handles = staggered(1);
  auto quick = []() -> eddy::Task<int> { co_return 5; };
  handles.push_back(eddy::create_task(quick()));
  const auto start = now();
  const auto polled = co_await eddy::wait(handles, eddy::ReturnWhen::all_completed, 0s);
  CHECK(now() == start);
  REQUIRE(polled.done.size() == 1);  // the turn was enough for the quick one
  CHECK(polled.done[0] == handles[1]);
  CHECK(polled.pending.size() == 1);
  const auto negative = co_await eddy::wait(polled.pending, eddy::ReturnWhen::first_completed, -5s);
  CHECK(now() == start);
  CHECK(negative.done.empty());
  CHECK(negative.pending.size() == 1);
  (void)co_await eddy::wait(handles);
}

EDDY_TEST_CASE("wait with a limit of zero yields exactly once", "[order]") {
  const Handles handles = staggered(1);
  int turns = 0;
  bool stop = false;
  auto counter = [&]() -> eddy::Task<> {
    while (!stop) {
      ++turns;
      co_await eddy::yield();
    }
  };
  auto counting = eddy::create_task(counter());
  co_await test::settle();
  const int before = turns;
  (void)co_await eddy::wait(handles, eddy::ReturnWhen::all_completed, 0s);
  CHECK(turns - before == 1);
  stop = true;
  co_await counting;
  (void)co_await eddy::wait(handles);
}

EDDY_TEST_CASE("nullopt as the limit of wait means no limit, and an enormous one does not overflow") {
  const Handles handles = staggered(2);
  const auto all = co_await eddy::wait(handles, eddy::ReturnWhen::all_completed, std::nullopt);
  CHECK(all.done.size() == 2);
  const Handles more = staggered(1);
  const auto again = co_await eddy::wait(more, eddy::ReturnWhen::all_completed, std::chrono::hours::max());
  CHECK(again.done.size() == 1);
}

EDDY_TEST_CASE("wait without handles throws std::invalid_argument", "[c107]") {
  const Handles none;
  CHECK_THROWS_AS(static_cast<void>(eddy::wait(none)), std::invalid_argument);
  CHECK_THROWS_AS(static_cast<void>(eddy::wait(Handles())), std::invalid_argument);
  co_return;
}

EDDY_TEST_CASE("wait for a handle that was moved from throws InvalidStateError", "[c107]") {
  Handles handles = staggered(1);
  const auto kept = std::move(handles[0]);
  const std::string how = co_await ending(eddy::wait(handles));
  CHECK(how.find("refers to no task") != std::string::npos);
  const int value = co_await kept;
  CHECK(value == 1);
}

EDDY_TEST_CASE("wait gives a handle that is there twice once", "[c110]") {
  Handles handles = staggered(2);
  handles.push_back(handles[0]);
  handles.push_back(handles[1]);
  const auto result = co_await eddy::wait(handles, eddy::ReturnWhen::first_completed);
  REQUIRE(result.done.size() == 1);
  CHECK(result.done[0] == handles[0]);
  CHECK(result.pending.size() == 1);
  const auto rest = co_await eddy::wait(handles);
  CHECK(rest.done.size() == 2);
}

EDDY_TEST_CASE("wait takes a temporary range, an array, and void tasks") {
  const auto first = co_await eddy::wait(staggered(2));
  CHECK(first.done.size() == 2);
  const std::array<eddy::TaskHandle<>, 2> naps{eddy::create_task(nap(1s)), eddy::create_task(nap(2s))};
  const auto second = co_await eddy::wait(naps, eddy::ReturnWhen::first_completed);
  CHECK(second.done.size() == 1);
  (void)co_await eddy::wait(naps);
}

EDDY_TEST_CASE("a cancelled wait leaves the tasks running", "[c106]") {
  const Handles handles = staggered(3);
  auto waits = [&]() -> eddy::Task<> { (void)co_await eddy::wait(handles, eddy::ReturnWhen::all_completed, 1h); };
  auto waiting = eddy::create_task(waits());
  co_await eddy::sleep(500ms);
  const auto start = now();
  waiting.cancel();
  const std::string how = co_await ending(waiting);
  CHECK(how == "CancelledError ");
  CHECK(now() == start);
  for (const auto& handle : handles) {
    CHECK_FALSE(handle.done());
    CHECK(handle.cancelling() == 0);
  }
  const auto result = co_await eddy::wait(handles);
  CHECK(result.done.size() == 3);
}

EDDY_TEST_CASE("a wait that is cancelled again and again leaves nothing in the tasks' lists of waiters",
               "[c106][order]") {
  const Handles handles = staggered(2);
  auto waits = [&]() -> eddy::Task<> { (void)co_await eddy::wait(handles); };
  for (int i = 0; i < 1000; ++i) {
    auto waiting = eddy::create_task(waits());
    co_await eddy::yield();
    waiting.cancel();
    co_await eddy::yield();
  }
  const auto all = eddy::all_tasks();
  CHECK(all.size() == 3);                            // this one and the two that run
  const auto result = co_await eddy::wait(handles);  // would touch freed memory if a watcher were left
  CHECK(result.done.size() == 2);
}

EDDY_TEST_CASE("a wait in a timeout that expires leaves the tasks running", "[c106]") {
  const Handles handles = staggered(2);
  const std::string how = co_await ending(eddy::timeout(500ms, eddy::wait(handles)));
  CHECK(how.find("timed out") == 0);
  const auto result = co_await eddy::wait(handles);
  CHECK(result.done.size() == 2);
  CHECK_FALSE(result.done[0].cancelled());
}

EDDY_TEST_CASE("wait with a cancel in force stops, unless enough is done already") {
  const Handles handles = staggered(2);
  std::vector<std::string> log;
  auto waits = [&]() -> eddy::Task<> {
    eddy::current_task().cancel();
    (void)co_await eddy::wait(handles, eddy::ReturnWhen::first_completed);
    log.push_back("first");
    (void)co_await eddy::wait(handles);
    log.push_back("all");
  };
  const std::string early = co_await ending(eddy::create_task(waits()));
  CHECK(early == "CancelledError ");
  CHECK(log.empty());
  co_await eddy::sleep(1500ms);
  const std::string late = co_await ending(eddy::create_task(waits()));
  CHECK(late == "CancelledError ");
  const std::vector<std::string> expected{"first"};
  CHECK(log == expected);
  (void)co_await eddy::wait(handles);
}

EDDY_LOOP_TEST_CASE("a wait that is over in the turn of the cancel gives its result, and the cancel stays in force",
                    "[order]") {
  std::size_t done = 0;
  test::run_virtual([&]() -> eddy::Task<> {
    const Handles handles = staggered(2);
    const auto waits = [&done](Handles all) -> eddy::Task<> {
      const auto result = co_await eddy::wait(all, eddy::ReturnWhen::first_completed);
      done = result.done.size();
      co_await eddy::yield();
      done = 99;
    };
    auto waiting = eddy::create_task(waits(handles));
    co_await test::settle();
    auto first = handles[0];
    first.add_done_callback([waiting]() mutable { waiting.cancel(); });  // runs just after the wait was told
    const std::string how = co_await ending(waiting);
    CHECK(how == "CancelledError ");
    (void)co_await eddy::wait(handles);
  });
  CHECK(done == 1);
}

EDDY_TEST_CASE("several tasks may wait for the same handles") {
  const Handles handles = staggered(3);
  auto waits = [&](eddy::ReturnWhen when) -> eddy::Task<std::size_t> {
    const auto result = co_await eddy::wait(handles, when);
    co_return result.done.size();
  };
  const auto [first, all] =
      co_await eddy::gather(waits(eddy::ReturnWhen::first_completed), waits(eddy::ReturnWhen::all_completed));
  CHECK(first == 1);
  CHECK(all == 3);
}

EDDY_TEST_CASE("wait for the running task's own handle is an error, not a hang") {
  std::vector<eddy::TaskHandle<>> self;
  auto waits = [&]() -> eddy::Task<> { (void)co_await eddy::wait(self); };
  self.push_back(eddy::create_task(waits()));
  co_await eddy::sleep(1s);
  REQUIRE(self[0].done());
  CHECK_THROWS_AS(self[0].result(), eddy::RuntimeError);
}

EDDY_TEST_CASE("wait sees a task that was started eagerly and has ended as done", "[c50]") {
  auto quick = []() -> eddy::Task<int> { co_return 5; };
  const eddy::TaskOptions eager{.eager_start = true};
  Handles handles;
  handles.push_back(eddy::create_task(quick(), eager));
  handles.push_back(eddy::create_task(after(1s, 6), eager));
  CHECK(handles[0].done());
  CHECK_FALSE(handles[1].done());
  CHECK_FALSE(handles[0].cancel());
  const auto start = now();
  const auto result = co_await eddy::wait(handles);
  CHECK(result.done.size() == 2);
  CHECK(now() - start == 1s);
}

EDDY_TEST_CASE("waiting for the first of two hundred tasks, two hundred times, gives each of them once") {
  Handles pending;
  for (int i = 0; i < 200; ++i) pending.push_back(eddy::create_task(after(std::chrono::seconds(1 + i), i)));
  int sum = 0;
  int rounds = 0;
  while (!pending.empty()) {
    auto result = co_await eddy::wait(pending, eddy::ReturnWhen::first_completed);
    for (const auto& handle : result.done) sum += handle.result();
    pending = std::move(result.pending);
    ++rounds;
  }
  CHECK(rounds == 200);
  CHECK(sum == 199 * 200 / 2);
}

EDDY_TEST_CASE("wait refuses a handle that was moved from among handles that are there twice, too", "[c107]") {
  Handles handles = staggered(1);
  handles.push_back(handles[0]);
  handles.emplace_back();
  const std::string how = co_await ending(eddy::wait(handles));
  CHECK(how.find("refers to no task") != std::string::npos);
  co_await handles[0];
}

EDDY_LOOP_TEST_CASE("a wait with a limit that stops because a cancel is in force leaves no timer behind") {
  run_virtual([]() -> eddy::Task<> {
    const auto waits = []() -> eddy::Task<> {
      const Handles handles = staggered(1);
      eddy::current_task().cancel();
      (void)co_await eddy::wait(handles, eddy::ReturnWhen::all_completed, 1h);
    };
    const std::string how = co_await ending(eddy::create_task(waits));
    CHECK(how == "CancelledError ");
    auto& loop = eddy::get_running_loop();
    co_await eddy::sleep(1s);
    const auto fired = loop.statistics().timers_fired;
    co_await eddy::sleep(2h);
    CHECK(loop.statistics().timers_fired - fired == 1);
  });
}

EDDY_TEST_CASE("a wait that is cancelled in the turn in which its limit passes is stopped, once", "[order]") {
  static int ended = 0;  // the caller may outlive this test, if that is stopped
  ended = 0;
  auto slow = eddy::create_task(after(5s, 1));
  const auto waits = [](eddy::TaskHandle<int> handle) -> eddy::Task<> {
    const std::vector<eddy::TaskHandle<int>> handles{handle};
    (void)co_await eddy::wait(handles, eddy::ReturnWhen::all_completed, 1s);
    ++ended;
  };
  eddy::TaskHandle<> caller;
  eddy::get_running_loop().call_later(1s, [&caller] { caller.cancel(); });
  caller = eddy::create_task(waits(slow));
  const std::string how = co_await ending(caller);
  CHECK(how == "CancelledError ");
  (void)co_await slow;
  CHECK(ended == 0);
}

EDDY_LOOP_TEST_CASE("a wait whose limit has passed gives what has ended in its one turn, in every order") {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const auto body = []() -> eddy::Task<> {
      for (int turns = 0; turns < 4; ++turns) {
        const auto ends_after = [](int more) -> eddy::Task<int> {
          for (int i = 0; i < more; ++i) co_await eddy::yield();
          co_return more;
        };
        const Handles handles{eddy::create_task(ends_after(turns)), eddy::create_task(after(1s, 1))};
        const auto result = co_await eddy::wait(handles, eddy::ReturnWhen::first_completed, 0s);
        CHECK(result.done.size() + result.pending.size() == 2);
        (void)co_await eddy::wait(handles);
      }
    };
    run_test(body, {.seed = seed});
  }
}

EDDY_LOOP_TEST_CASE("a caller of wait whose limit could not be armed runs on", "[large]") {
  const auto body = []() -> eddy::Task<> {
    std::vector<eddy::TaskHandle<>> sleepers;
    for (const int seconds : {50, 40, 30, 20, 10}) sleepers.push_back(eddy::create_task(nap(std::chrono::seconds(seconds))));
    co_await test::settle();
    const Handles handles = staggered(1);
    try {
      (void)co_await eddy::wait(handles, eddy::ReturnWhen::all_completed, 5s);
    } catch (const std::bad_alloc&) {
    }
    int sum = 0;
    for (int i = 0; i < 500; ++i) {
      const int step = co_await one();
      sum += step;
    }
    CHECK(sum == 500);
    for (const auto& sleeper : sleepers) co_await sleeper;
  };
  CHECK(eddy::testing::for_each_allocation(body) > 3);
}
