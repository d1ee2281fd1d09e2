// Barrier: generations, indices, cancelled parties, abort and reset.
//
// SPDX-License-Identifier: MIT
#include <eddy/sync/barrier.hpp>

#include "support/run.hpp"

#include <limits>

using namespace test;

namespace {

using Log = std::vector<std::string>;

eddy::Task<std::size_t> party(eddy::Barrier& barrier) { co_return co_await barrier.wait(); }

// Says how its wait ended.
eddy::Task<> logged(eddy::Barrier& barrier, Log& log, std::string name) {
  try {
    const std::size_t index = co_await barrier.wait();
    log.push_back(name + ' ' + std::to_string(index));
  } catch (const eddy::BrokenBarrierError&) {
    log.push_back(name + " broken");
  }
}

}  // namespace

EDDY_TEST_CASE("all parties go on when the last one comes, each with an index of its own", "[order]") {
  eddy::Barrier barrier(3);
  CHECK(barrier.parties() == 3);
  CHECK(barrier.n_waiting() == 0);
  CHECK_FALSE(barrier.broken());
  Log log;
  auto a = eddy::create_task(logged(barrier, log, "a"));
  co_await eddy::sleep(1s);
  CHECK(barrier.n_waiting() == 1);
  auto b = eddy::create_task(logged(barrier, log, "b"));
  co_await eddy::sleep(1s);
  CHECK(barrier.n_waiting() == 2);
  CHECK(log.empty());
  const std::size_t index = co_await barrier.wait();
  CHECK(index == 2);
  CHECK(barrier.n_waiting() == 0);
  CHECK(log.empty());  // the last one does not suspend, and runs nobody
  co_await b;
  CHECK(log == Log{"a 0", "b 1"});
  CHECK(a.done());
}

EDDY_TEST_CASE("a barrier can be used again and again", "[c259]") {
  eddy::Barrier barrier(3);
  for (int generation = 0; generation < 3; ++generation) {
    const auto [a, b, c] = co_await eddy::gather(party(barrier), party(barrier), party(barrier));
    CHECK(a == 0);
    CHECK(b == 1);
    CHECK(c == 2);
    CHECK(barrier.n_waiting() == 0);
  }
}

EDDY_TEST_CASE("tasks that wait twice meet twice", "[c259]") {
  static constexpr auto kTwice = [](eddy::Barrier& barrier, int& phase, eddy::Duration delay) -> eddy::Task<> {
    co_await eddy::sleep(delay);
    co_await barrier.wait();
    CHECK(now().time_since_epoch() % 10s == 3s);
    CHECK(phase == 0);
    co_await eddy::sleep(delay);
    phase = 1;
    co_await barrier.wait();
    CHECK(now().time_since_epoch() % 10s == 6s);
  };
  eddy::Barrier barrier(3);
  int phase = 0;
  co_await eddy::gather(kTwice(barrier, phase, 1s), kTwice(barrier, phase, 2s), kTwice(barrier, phase, 3s));
  CHECK(phase == 1);
}

EDDY_TEST_CASE("who comes before the last generation has gone on is counted when it has", "[c260][order]") {
  eddy::Barrier barrier(2);
  Log log;
  auto a = eddy::create_task(logged(barrier, log, "a"));
  co_await test::settle();
  co_await barrier.wait();  // lets a go, who has not run yet
  auto b = eddy::create_task(logged(barrier, log, "b"));
  const bool second = co_await eddy::move_on_after(1s, party(barrier)) != std::nullopt;
  CHECK(second);  // with b
  CHECK(log == Log{"a 0", "b 1"});
  CHECK(barrier.n_waiting() == 0);
}

EDDY_TEST_CASE("a task that is not yet counted can be cancelled, and does not pass with the others", "[c260][c261]") {
  eddy::Barrier barrier(2);
  Log log;
  auto a = eddy::create_task(logged(barrier, log, "a"));
  co_await test::settle();
  co_await barrier.wait();
  const auto early = co_await eddy::move_on_after(1s, party(barrier));
  CHECK_FALSE(early.has_value());
  CHECK(log == Log{"a 0"});
  CHECK(barrier.n_waiting() == 0);
  const auto [b, c] = co_await eddy::gather(party(barrier), party(barrier));
  CHECK(b == 0);
  CHECK(c == 1);
}

EDDY_TEST_CASE("seven tasks at a barrier for three make two generations, one after another, and one waits",
               "[c260][order]") {
  eddy::Barrier barrier(3);
  Log log;
  std::vector<eddy::TaskHandle<>> tasks;
  for (const char* name : {"a", "b", "c", "d", "e", "f", "g"})
    tasks.push_back(eddy::create_task(logged(barrier, log, name)));
  co_await test::settle();
  CHECK(barrier.n_waiting() == 0);  // a and b have not gone on, so nobody else is counted
  co_await eddy::sleep(1s);
  CHECK(log == Log{"c 2", "a 0", "b 1", "f 2", "d 0", "e 1"});
  CHECK(barrier.n_waiting() == 1);
  tasks.back().cancel();
  co_await test::settle();
  CHECK(barrier.n_waiting() == 0);
}

EDDY_TEST_CASE("a cancelled party is no longer counted, and another may come in its place", "[c261][order]") {
  eddy::Barrier barrier(3);
  Log log;
  auto a = eddy::create_task(logged(barrier, log, "a"));
  auto b = eddy::create_task(logged(barrier, log, "b"));
  co_await eddy::sleep(1s);
  a.cancel();
  CHECK(barrier.n_waiting() == 1);
  co_await test::settle();
  CHECK(a.cancelled());
  CHECK_FALSE(barrier.broken());
  auto c = eddy::create_task(logged(barrier, log, "c"));
  co_await eddy::sleep(1s);
  CHECK(log.empty());
  const std::size_t index = co_await barrier.wait();
  CHECK(index == 2);
  co_await c;
  CHECK(log == Log{"b 0", "c 1"});
  CHECK(barrier.n_waiting() == 0);
}

EDDY_TEST_CASE("a party cancelled after it was let go has its index", "[c261]") {
  eddy::Barrier barrier(2);
  auto a = eddy::create_task(party(barrier));
  co_await test::settle();
  co_await barrier.wait();
  a.cancel();
  co_await test::settle();
  CHECK_FALSE(a.cancelled());
  CHECK(a.result() == 0);
  CHECK(barrier.n_waiting() == 0);
}

EDDY_TEST_CASE("a task that is to stop does not count, unless it is the last one", "[c261][order]") {
  static constexpr auto kStopped = [](eddy::Barrier& barrier, Log& log) -> eddy::Task<> {
    eddy::current_task().cancel();
    co_await barrier.wait();
    log.push_back("passed");
  };
  eddy::Barrier barrier(2);
  Log log;
  auto a = eddy::create_task(kStopped(barrier, log));
  co_await test::settle();
  CHECK(a.cancelled());
  CHECK(barrier.n_waiting() == 0);
  auto b = eddy::create_task(logged(barrier, log, "b"));
  auto c = eddy::create_task(kStopped(barrier, log));
  co_await eddy::sleep(1s);
  CHECK(log == Log{"passed", "b 0"});
  CHECK_FALSE(c.cancelled());
}

EDDY_TEST_CASE("reset sends those who wait away with an error, and the barrier is as new", "[c262][order]") {
  eddy::Barrier barrier(3);
  Log log;
  auto a = eddy::create_task(logged(barrier, log, "a"));
  auto b = eddy::create_task(logged(barrier, log, "b"));
  co_await eddy::sleep(1s);
  barrier.reset();
  CHECK(barrier.n_waiting() == 0);
  CHECK_FALSE(barrier.broken());
  CHECK(log.empty());
  const auto [c, d, e] = co_await eddy::gather(party(barrier), party(barrier), party(barrier));
  CHECK(log == Log{"a broken", "b broken"});
  CHECK(c + d + e == 3);
}

EDDY_TEST_CASE("resetting an empty barrier does nothing", "[c262]") {
  eddy::Barrier barrier(2);
  barrier.reset();
  barrier.reset();
  const auto [a, b] = co_await eddy::gather(party(barrier), party(barrier));
  CHECK(a + b == 1);
  barrier.reset();
  CHECK_FALSE(barrier.broken());
}

EDDY_TEST_CASE("those who were let go keep their index though the barrier is reset or aborted in that turn",
               "[c262][order]") {
  for (const bool abort : {false, true}) {
    eddy::Barrier barrier(2);
    auto a = eddy::create_task(party(barrier));
    co_await eddy::yield();
    co_await barrier.wait();
    if (abort) {
      barrier.abort();
    } else {
      barrier.reset();
    }
    const std::size_t index = co_await a;
    CHECK(index == 0);
  }
}

EDDY_TEST_CASE("a reset leaves those alone who are not yet counted, an abort does not", "[c262][order]") {
  for (const bool abort : {false, true}) {
    eddy::Barrier barrier(2);
    Log log;
    auto a = eddy::create_task(logged(barrier, log, "a"));
    auto b = eddy::create_task(logged(barrier, log, "b"));
    auto c = eddy::create_task(logged(barrier, log, "c"));
    co_await eddy::yield();
    if (abort) {
      barrier.abort();
    } else {
      barrier.reset();
    }
    co_await eddy::sleep(1s);
    CHECK(log == (abort ? Log{"b 1", "a 0", "c broken"} : Log{"b 1", "a 0"}));
    CHECK(barrier.n_waiting() == (abort ? 0 : 1));
    c.cancel();
    co_await eddy::yield();
  }
}

EDDY_TEST_CASE("tasks sent away by a reset may come again", "[c262][order]") {
  static constexpr auto kAgain = [](eddy::Barrier& barrier, Log& log, std::string name) -> eddy::Task<> {
    co_await logged(barrier, log, name);
    co_await logged(barrier, log, name);
  };
  eddy::Barrier barrier(3);
  Log log;
  auto a = eddy::create_task(kAgain(barrier, log, "a"));
  auto b = eddy::create_task(kAgain(barrier, log, "b"));
  co_await eddy::sleep(1s);
  barrier.reset();
  co_await eddy::sleep(1s);
  CHECK(barrier.n_waiting() == 2);
  co_await barrier.wait();
  co_await b;
  CHECK(log == Log{"a broken", "b broken", "a 0", "b 1"});
  CHECK(a.done());
}

EDDY_TEST_CASE("abort breaks the barrier for those who wait and all who come, until it is reset", "[c262]") {
  eddy::Barrier barrier(2);
  Log log;
  auto a = eddy::create_task(logged(barrier, log, "a"));
  co_await eddy::sleep(1s);
  barrier.abort();
  CHECK(barrier.broken());
  CHECK(barrier.n_waiting() == 0);
  co_await a;
  co_await logged(barrier, log, "b");
  co_await logged(barrier, log, "c");
  CHECK(log == Log{"a broken", "b broken", "c broken"});
  barrier.abort();
  barrier.reset();
  CHECK_FALSE(barrier.broken());
  const auto [d, e] = co_await eddy::gather(party(barrier), party(barrier));
  CHECK(d + e == 1);
}

EDDY_TEST_CASE("a task cancelled after the abort has the error", "[c261]") {
  eddy::Barrier barrier(2);
  Log log;
  auto a = eddy::create_task(logged(barrier, log, "a"));
  co_await test::settle();
  barrier.abort();
  a.cancel();
  co_await a;
  CHECK(log == Log{"a broken"});
}

EDDY_TEST_CASE("a wait at a barrier can time out, and leaves", "[c261]") {
  eddy::Barrier barrier(2);
  bool timed_out = false;
  try {
    co_await eddy::wait_for(barrier.wait(), 1s);
  } catch (const eddy::TimeoutError&) {
    timed_out = true;
  }
  CHECK(timed_out);
  CHECK(barrier.n_waiting() == 0);
  CHECK_FALSE(barrier.broken());
}

EDDY_TEST_CASE("one party never waits, and fewer are refused", "[c264]") {
  eddy::Barrier barrier(1);
  const test::TurnProbe others_ran;
  for (int i = 0; i < 3; ++i) {
    const std::size_t index = co_await barrier.wait();
    CHECK(index == 0);
  }
  CHECK_FALSE(others_ran);
  CHECK_THROWS_AS(eddy::Barrier(0), std::invalid_argument);
  CHECK_THROWS_AS(eddy::Barrier(-1), std::invalid_argument);
  CHECK_THROWS_AS(eddy::Barrier(std::numeric_limits<std::ptrdiff_t>::min()), std::invalid_argument);
  co_await eddy::yield();
}

EDDY_TEST_CASE("a million meetings need no stack", "[c259][large]") {
  static constexpr auto kMeet = [](eddy::Barrier& barrier, int& lasts) -> eddy::Task<> {
    for (int i = 0; i < 250'000; ++i) {
      if (const std::size_t index = co_await barrier.wait(); index == 3) ++lasts;
    }
  };
  eddy::Barrier barrier(4);
  int lasts = 0;
  co_await eddy::gather(kMeet(barrier, lasts), kMeet(barrier, lasts), kMeet(barrier, lasts), kMeet(barrier, lasts));
  CHECK(lasts == 250'000);
  CHECK(barrier.n_waiting() == 0);
}
