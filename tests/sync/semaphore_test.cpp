// Semaphore: FIFO hand-over without barging, acquire(n), cancels before and after the hand-over.
//
// SPDX-License-Identifier: MIT
#include "support/work.hpp"

#include <cstdint>
#include <type_traits>
#include <utility>

using namespace test;

namespace {

using Log = std::vector<std::string>;

// Acquires, writes its name, and keeps the permits.
eddy::Task<> take(eddy::Semaphore& semaphore, Log& log, std::string name, std::size_t count = 1) {
  co_await semaphore.acquire(count);
  log.push_back(name);
}

// Works for a while with a permit.
eddy::Task<> work(eddy::Semaphore& semaphore, Log& log, std::string name, std::chrono::nanoseconds time) {
  const auto permit = co_await semaphore.scoped();
  log.push_back(name);
  co_await eddy::sleep(time);
}

}  // namespace

TEST_CASE("a semaphore has one permit unless told otherwise, and may start with none") {
  const eddy::Semaphore one;
  const eddy::Semaphore none(0);
  CHECK(one.value() == 1);
  CHECK_FALSE(one.locked());
  CHECK(none.value() == 0);
  CHECK(none.locked());
}

EDDY_TEST_CASE("acquire does not suspend while permits are free") {
  eddy::Semaphore semaphore(2);
  const test::TurnProbe other_ran;
  co_await semaphore.acquire();
  const auto permit = co_await semaphore.scoped();
  CHECK(semaphore.value() == 0);
  CHECK_FALSE(other_ran);
  co_await test::settle();
  CHECK(other_ran);
}

EDDY_TEST_CASE("a free permit is given even with a cancel in force, since that does not block") {
  eddy::Semaphore semaphore(1);
  auto body = [&]() -> eddy::Task<int> {
    eddy::current_task().cancel();
    const auto permit = co_await semaphore.scoped();
    co_return 1;
  };
  const int value = co_await eddy::create_task(body());
  CHECK(value == 1);
  CHECK(semaphore.value() == 1);
}

EDDY_TEST_CASE("at most as many tasks as permits work at once") {
  eddy::Semaphore semaphore(3);
  int active = 0;
  int most = 0;
  auto worker = [&]() -> eddy::Task<> {
    const auto permit = co_await semaphore.scoped();
    if (++active > most) most = active;
    co_await eddy::sleep(1s);
    --active;
  };
  std::vector<eddy::Task<>> workers;
  for (int i = 0; i < 10; ++i) workers.push_back(worker());
  const auto start = now();
  co_await eddy::gather(std::move(workers));
  CHECK(most == 3);
  CHECK(now() - start == 4s);
  CHECK(semaphore.value() == 3);
}

EDDY_TEST_CASE("waiters are served in the order in which they came", "[c227]") {
  Log log;
  eddy::Semaphore semaphore(1);
  co_await eddy::gather(work(semaphore, log, "a", 3s), work(semaphore, log, "b", 2s), work(semaphore, log, "c", 1s),
                        work(semaphore, log, "d", 0s));
  const Log expected{"a", "b", "c", "d"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("a task that releases and acquires again at once stands behind those who waited", "[c227]") {
  Log log;
  eddy::Semaphore semaphore(1);
  auto greedy = [&](std::string name) -> eddy::Task<> {
    for (int i = 0; i < 3; ++i) {
      co_await semaphore.acquire();
      log.push_back(name + std::to_string(i));
      co_await eddy::yield();
      semaphore.release();
    }
  };
  co_await eddy::gather(greedy("a"), greedy("b"), greedy("c"));
  const Log expected{"a0", "b0", "c0", "a1", "b1", "c1", "a2", "b2", "c2"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("nobody overtakes a waiter to whom a permit was handed but who has not run yet", "[c227]") {
  Log log;
  eddy::Semaphore semaphore(0);
  const auto waiter = eddy::create_task(take(semaphore, log, "waiter"));
  co_await test::settle();
  semaphore.release();
  CHECK(semaphore.value() == 0);  // handed over, and reserved at once
  CHECK(semaphore.locked());
  CHECK_FALSE(semaphore.try_acquire());
  CHECK(log.empty());  // release does not resume a waiter inline
  const auto late = eddy::create_task(take(semaphore, log, "late"));
  co_await eddy::sleep(1s);
  const Log expected{"waiter"};
  CHECK(log == expected);
  CHECK(waiter.done());
  semaphore.release();
  co_await late;
  CHECK(log.size() == 2);
}

EDDY_TEST_CASE("try_acquire fails while somebody waits, even if it would fit", "[c227]") {
  Log log;
  eddy::Semaphore semaphore(2);
  const auto large = eddy::create_task(take(semaphore, log, "large", 3));
  co_await test::settle();
  CHECK(semaphore.value() == 2);
  CHECK(semaphore.locked());
  CHECK_FALSE(semaphore.try_acquire());
  semaphore.release();
  co_await large;
  CHECK(semaphore.value() == 0);
}

EDDY_TEST_CASE("several releases wake several waiters in one pass, in order", "[c229][order]") {
  Log log;
  eddy::Semaphore semaphore(0);
  std::vector<eddy::TaskHandle<>> waiters;
  for (int i = 0; i < 4; ++i) waiters.push_back(eddy::create_task(take(semaphore, log, std::to_string(i))));
  co_await test::settle();
  semaphore.release();
  semaphore.release();
  semaphore.release();
  CHECK(log.empty());
  co_await test::settle();
  const Log expected{"0", "1", "2"};
  CHECK(log == expected);
  semaphore.release();
  co_await eddy::gather(waiters);
  CHECK(log.size() == 4);
}

EDDY_TEST_CASE("release(n) wakes as many waiters as it can serve", "[c229][order]") {
  Log log;
  eddy::Semaphore semaphore(0);
  const auto a = eddy::create_task(take(semaphore, log, "a", 2));
  const auto b = eddy::create_task(take(semaphore, log, "b", 1));
  const auto c = eddy::create_task(take(semaphore, log, "c", 3));
  co_await test::settle();
  semaphore.release(5);
  co_await test::settle();
  const Log expected{"a", "b"};
  CHECK(log == expected);
  CHECK(semaphore.value() == 2);
  semaphore.release();
  co_await eddy::gather(a, b, c);
  CHECK(semaphore.value() == 0);
}

EDDY_TEST_CASE("a release of just what the first waiter asks for serves the next ones from what was there", "[c229][order]") {
  Log log;
  eddy::Semaphore semaphore(1);
  const auto large = eddy::create_task(take(semaphore, log, "large", 3));
  const auto small = eddy::create_task(take(semaphore, log, "small", 1));
  const auto none = eddy::create_task(take(semaphore, log, "none", 0));
  const auto last = eddy::create_task(take(semaphore, log, "last", 1));
  co_await test::settle();
  semaphore.release(3);
  CHECK(semaphore.value() == 0);
  co_await test::settle();
  const Log expected{"large", "small", "none"};
  CHECK(log == expected);
  semaphore.release();
  CHECK(semaphore.value() == 0);
  co_await eddy::gather(large, small, none, last);
  CHECK(log.back() == "last");
}

EDDY_TEST_CASE("a large request at the head is not starved by small ones behind it", "[c231][order]") {
  Log log;
  eddy::Semaphore semaphore(4);
  co_await semaphore.acquire(4);
  const auto large = eddy::create_task(take(semaphore, log, "large", 4));
  std::vector<eddy::TaskHandle<>> small;
  for (int i = 0; i < 3; ++i) small.push_back(eddy::create_task(take(semaphore, log, "small")));
  co_await test::settle();
  for (int i = 0; i < 3; ++i) {
    semaphore.release();
    co_await eddy::sleep(1s);
    CHECK(log.empty());
  }
  semaphore.release();
  co_await large;
  Log expected{"large"};
  CHECK(log == expected);
  semaphore.release(3);
  co_await eddy::gather(small);
  CHECK(log.size() == 4);
  CHECK(semaphore.value() == 0);
}

EDDY_TEST_CASE("a scoped request for several permits gives all of them back") {
  eddy::Semaphore semaphore(5);
  {
    const auto permit = co_await semaphore.scoped(3);
    CHECK(permit);
    CHECK(semaphore.value() == 2);
  }
  CHECK(semaphore.value() == 5);
}

EDDY_TEST_CASE("a permit can be moved, released early once, and replaced by assignment") {
  static_assert(!std::is_copy_constructible_v<eddy::SemaphorePermit>);
  eddy::Semaphore semaphore(3);
  auto first = co_await semaphore.scoped();
  auto second = std::move(first);
  CHECK_FALSE(first);
  CHECK(second);
  CHECK(semaphore.value() == 2);
  second.release();
  CHECK_FALSE(second);
  second.release();
  CHECK(semaphore.value() == 3);
  auto third = co_await semaphore.scoped(2);
  CHECK(semaphore.value() == 1);
  third = eddy::SemaphorePermit();
  CHECK(semaphore.value() == 3);
  const eddy::SemaphorePermit none;
  CHECK_FALSE(none);
}

EDDY_TEST_CASE("releasing more than was acquired adds permits") {
  eddy::Semaphore semaphore(1);
  semaphore.release(2);
  CHECK(semaphore.value() == 3);
  co_await semaphore.acquire(3);
  CHECK(semaphore.locked());
}

EDDY_TEST_CASE("when the first waiters are cancelled, a release serves the third", "[c224]") {
  Log log;
  eddy::Semaphore semaphore(0);
  auto a = eddy::create_task(take(semaphore, log, "a"));
  auto b = eddy::create_task(take(semaphore, log, "b"));
  const auto c = eddy::create_task(take(semaphore, log, "c"));
  co_await test::settle();
  a.cancel();
  b.cancel();
  semaphore.release();
  co_await test::settle();
  co_await test::settle();
  CHECK(a.cancelled());
  CHECK(b.cancelled());
  CHECK(c.done());
  const Log expected{"c"};
  CHECK(log == expected);
}

EDDY_TEST_CASE(
    "a waiter that is cancelled after the hand-over keeps its permit, works with it until it blocks, and gives it back",
    "[c225]") {
  Log log;
  eddy::Semaphore semaphore(0);
  auto worker = [&]() -> eddy::Task<> {
    const auto permit = co_await semaphore.scoped();
    log.push_back("got it");
    co_await eddy::yield();
    log.push_back("not reached");
  };
  auto handle = eddy::create_task(worker());
  co_await test::settle();
  semaphore.release();
  CHECK(handle.cancel());
  const std::string how = co_await ending_by_kind(handle);
  CHECK(how == "CancelledError ");
  const Log expected{"got it"};
  CHECK(log == expected);
  CHECK(semaphore.value() == 1);
}

EDDY_TEST_CASE("the permit of a cancelled woken waiter goes on to the next in line", "[c225][order]") {
  Log log;
  eddy::Semaphore semaphore(0);
  auto first = eddy::create_task(work(semaphore, log, "first", 1h));
  const auto second = eddy::create_task(work(semaphore, log, "second", 1s));
  co_await test::settle();
  semaphore.release();
  first.cancel();
  const auto start = now();
  co_await second;
  CHECK(now() - start == 1s);
  CHECK(first.cancelled());
  const Log expected{"first", "second"};
  CHECK(log == expected);
  CHECK(semaphore.value() == 1);
}

EDDY_TEST_CASE("acquire that is cancelled after the hand-over completes: the permit is the task's to release",
               "[c225]") {
  eddy::Semaphore semaphore(0);
  auto worker = [&]() -> eddy::Task<int> {
    co_await semaphore.acquire();
    semaphore.release();
    co_return 1;
  };
  auto handle = eddy::create_task(worker());
  co_await test::settle();
  semaphore.release();
  handle.cancel();
  const int value = co_await handle;
  CHECK(value == 1);
  CHECK(semaphore.value() == 1);
}

EDDY_TEST_CASE("a cancel of the last waiter never leaves the semaphore stuck", "[c226]") {
  Log log;
  eddy::Semaphore semaphore(1);
  for (const bool after_release : {false, true}) {
    co_await semaphore.acquire();
    auto last = eddy::create_task(work(semaphore, log, "last", 1h));
    co_await eddy::yield();
    if (after_release) {
      semaphore.release();
      last.cancel();
    } else {
      last.cancel();
      semaphore.release();
    }
    const std::string how = co_await ending_by_kind(last);
    CHECK(how == "CancelledError ");
    CHECK_FALSE(semaphore.locked());
    CHECK(semaphore.value() == 1);
  }
  const std::string again = co_await ending_by_kind(eddy::timeout(1s, semaphore.acquire()));
  CHECK(again == "value");
}

EDDY_TEST_CASE("wait_for around scoped gives the permit, or times out and leaves the queue") {
  eddy::Semaphore semaphore(1);
  const auto start = now();
  {
    const auto permit = co_await eddy::wait_for(semaphore.scoped(), 1s);
    CHECK(permit);
    CHECK(semaphore.value() == 0);
    bool timed_out = false;
    try {
      const auto none = co_await eddy::wait_for(semaphore.scoped(), 1s);
    } catch (const eddy::TimeoutError&) {
      timed_out = true;
    }
    CHECK(timed_out);
    CHECK(now() - start == 1s);
  }
  CHECK(semaphore.value() == 1);
  {
    const auto free = co_await eddy::wait_for(semaphore.scoped(), 0s);  // it is there: no time is needed
    CHECK(free);
    bool timed_out = false;
    try {
      const auto none = co_await eddy::wait_for(semaphore.scoped(), 0s);
    } catch (const eddy::TimeoutError&) {
      timed_out = true;
    }
    CHECK(timed_out);
  }
  CHECK(semaphore.value() == 1);
  CHECK(now() - start == 1s);
}

EDDY_TEST_CASE("a scoped that times out in wait_for lets those behind it have what they asked for") {
  eddy::Semaphore semaphore(1);
  const auto start = now();
  const auto wants_two = [](eddy::Semaphore& s) -> eddy::Task<> {
    const auto none = co_await eddy::wait_for(s.scoped(2), 1s);
  };
  const auto wants_one = [](eddy::Semaphore& s) -> eddy::Task<eddy::TimePoint> {
    const auto permit = co_await s.scoped();
    co_return now();
  };
  auto big = eddy::create_task(wants_two, std::ref(semaphore));
  co_await test::settle();
  auto small = eddy::create_task(wants_one, std::ref(semaphore));
  const auto got = co_await small;
  CHECK(got - start == 1s);
  const std::string how = co_await ending_by_kind(std::move(big));
  CHECK(how == "TimeoutError");
  CHECK(semaphore.value() == 1);
}

EDDY_TEST_CASE("a permit that comes at the very moment of wait_for's deadline is delivered", "[c225][order]") {
  eddy::Semaphore semaphore(0);
  eddy::get_running_loop().call_later(1s, [&] { semaphore.release(); });  // armed first: it runs first
  const auto permit = co_await eddy::wait_for(semaphore.scoped(), 1s);
  CHECK(permit);
  CHECK(semaphore.value() == 0);
}

EDDY_TEST_CASE("a cancel in the turn of the hand-over to a wait_for around scoped does not lose the permit",
               "[c225][order]") {
  eddy::Semaphore semaphore(0);
  Log log;
  const auto waits = [](eddy::Semaphore& s, Log& lines) -> eddy::Task<> {
    const auto permit = co_await eddy::wait_for(s.scoped(), 1h);
    lines.push_back(permit ? "permit" : "none");
    const OnExit leaves(lines, "leaves");
    co_await eddy::sleep(1h);
  };
  auto waiter = eddy::create_task(waits, std::ref(semaphore), std::ref(log));
  co_await test::settle(2);
  semaphore.release();
  waiter.cancel();
  co_await test::settle(3);
  CHECK(waiter.cancelled());
  CHECK(log == Log{"permit", "leaves"});
  CHECK(semaphore.value() == 1);
}

EDDY_TEST_CASE("a timeout in the turn of the hand-over does not lose the permit", "[c225][order]") {
  Log log;
  eddy::Semaphore semaphore(0);
  eddy::get_running_loop().call_later(1s, [&] { semaphore.release(); });
  const std::string how = co_await ending_by_kind(eddy::timeout(1s, work(semaphore, log, "waiter", 1h)));
  CHECK(how == "TimeoutError");
  const Log expected{"waiter"};
  CHECK(log == expected);
  CHECK(semaphore.value() == 1);
}

EDDY_TEST_CASE("a release that comes just before the wait is not missed", "[c234]") {
  eddy::Semaphore semaphore(0);
  int taken = 0;
  auto producer = [&]() -> eddy::Task<> {
    for (int i = 0; i < 1000; ++i) {
      semaphore.release();
      if (i % 3 == 0) co_await eddy::yield();
    }
  };
  auto consumer = [&]() -> eddy::Task<> {
    for (int i = 0; i < 500; ++i) {
      co_await semaphore.acquire();
      ++taken;
      if (i % 2 == 0) co_await eddy::yield();
    }
  };
  co_await eddy::gather(consumer(), producer(), consumer());
  CHECK(taken == 1000);
  CHECK(semaphore.value() == 0);
}

EDDY_TEST_CASE("a cancelled waiter leaves the queue at once, not at the next release", "[c235]") {
  Log log;
  eddy::Semaphore semaphore(1);
  auto large = eddy::create_task(take(semaphore, log, "large", 2));
  co_await test::settle();
  CHECK(semaphore.locked());
  large.cancel();
  CHECK_FALSE(semaphore.locked());
  CHECK(semaphore.try_acquire());
  const std::string how = co_await ending_by_kind(large);
  CHECK(how == "CancelledError ");
  CHECK(log.empty());
}

EDDY_TEST_CASE("when a large request at the head is cancelled, the small ones behind it are served without a release",
               "[c235][order]") {
  Log log;
  eddy::Semaphore semaphore(2);
  auto large = eddy::create_task(take(semaphore, log, "large", 5));
  const auto a = eddy::create_task(take(semaphore, log, "a"));
  const auto b = eddy::create_task(take(semaphore, log, "b"));
  const auto c = eddy::create_task(take(semaphore, log, "c"));
  co_await test::settle();
  CHECK(log.empty());
  large.cancel();
  co_await eddy::gather(a, b);
  const Log expected{"a", "b"};
  CHECK(log == expected);
  CHECK_FALSE(c.done());
  semaphore.release();
  co_await c;
}

EDDY_TEST_CASE("a cancelled waiter in the middle does not affect the others", "[c236][order]") {
  Log log;
  eddy::Semaphore semaphore(0);
  const auto a = eddy::create_task(take(semaphore, log, "a"));
  auto b = eddy::create_task(take(semaphore, log, "b"));
  const auto c = eddy::create_task(take(semaphore, log, "c"));
  co_await test::settle();
  b.cancel();
  const std::string how = co_await ending_by_kind(b);
  CHECK(how == "CancelledError ");
  CHECK_FALSE(a.done());
  CHECK_FALSE(c.done());
  semaphore.release(2);
  co_await eddy::gather(a, c);
  const Log expected{"a", "c"};
  CHECK(log == expected);
  CHECK(semaphore.value() == 0);
}

EDDY_TEST_CASE("waiting for a semaphore with a cancel in force stops without joining the queue", "[c236]") {
  Log log;
  eddy::Semaphore semaphore(0);
  auto body = [&]() -> eddy::Task<> {
    eddy::current_task().cancel();
    co_await semaphore.acquire();
    log.push_back("not reached");
  };
  const std::string how = co_await ending_by_kind(eddy::create_task(body()));
  CHECK(how == "CancelledError ");
  semaphore.release();
  CHECK(semaphore.value() == 1);
  CHECK(log.empty());
}

EDDY_TEST_CASE("a permit is given back when its holder is cancelled", "[order]") {
  Log log;
  eddy::Semaphore semaphore(1);
  auto holder = eddy::create_task(work(semaphore, log, "holder", 1h));
  const auto next = eddy::create_task(work(semaphore, log, "next", 1s));
  co_await eddy::sleep(1s);
  holder.cancel();
  co_await next;
  const Log expected{"holder", "next"};
  CHECK(log == expected);
  CHECK(semaphore.value() == 1);
}

EDDY_TEST_CASE("all waiters of a semaphore that are cancelled at once leave it as it was") {
  Log log;
  eddy::Semaphore semaphore(0);
  std::vector<eddy::TaskHandle<>> waiters;
  for (int i = 0; i < 1000; ++i) waiters.push_back(eddy::create_task(take(semaphore, log, "x")));
  co_await eddy::yield();
  for (auto& waiter : waiters) waiter.cancel();
  co_await eddy::sleep(1s);
  for (const auto& waiter : waiters) {
    if (!waiter.cancelled()) FAIL("a waiter was not cancelled");
  }
  semaphore.release(3);
  CHECK(semaphore.value() == 3);
  CHECK(log.empty());
}

EDDY_TEST_CASE("acquire(0) takes nothing, but waits its turn", "[order]") {
  Log log;
  eddy::Semaphore semaphore(0);
  co_await semaphore.acquire(0);
  CHECK(semaphore.value() == 0);
  const auto first = eddy::create_task(take(semaphore, log, "one", 1));
  const auto second = eddy::create_task(take(semaphore, log, "none", 0));
  co_await eddy::sleep(1s);
  CHECK(log.empty());
  semaphore.release();
  co_await eddy::gather(first, second);
  const Log expected{"one", "none"};
  CHECK(log == expected);
  CHECK(semaphore.value() == 0);
}

EDDY_TEST_CASE("a mixture of cancels, timeouts and releases loses no permit", "[c225][c226]") {
  eddy::Semaphore semaphore(3);
  std::uint32_t state = 12345;
  auto random = [&](std::uint32_t below) {
    state = state * 1664525U + 1013904223U;
    return (state >> 8) % below;
  };
  auto worker = [&](std::size_t count, std::uint32_t millis) -> eddy::Task<> {
    const auto permit = co_await semaphore.scoped(count);
    co_await eddy::sleep(std::chrono::milliseconds(millis));
  };
  std::vector<eddy::TaskHandle<>> handles;
  for (int i = 0; i < 2000; ++i) {
    const std::size_t count = 1 + random(3);
    handles.push_back(eddy::create_task(worker(count, random(3))));
    if (random(3) == 0) co_await eddy::sleep(std::chrono::milliseconds(random(2)));
    if (random(2) == 0) handles[random(static_cast<std::uint32_t>(handles.size()))].cancel();
  }
  std::size_t ended = 0;
  const auto outcomes = co_await eddy::gather(eddy::return_exceptions, handles);
  for (const auto& outcome : outcomes) ended += outcome.has_value() || outcome.cancelled() ? 1U : 0U;
  CHECK(ended == 2000);
  CHECK(semaphore.value() == 3);
  CHECK_FALSE(semaphore.locked());
}

EDDY_TEST_CASE("a million free acquires and releases run on a flat stack", "[large]") {
  eddy::Semaphore semaphore(1);
  for (int i = 0; i < 1'000'000; ++i) {
    co_await semaphore.acquire();
    semaphore.release();
  }
  CHECK(semaphore.value() == 1);
}

EDDY_TEST_CASE("a million hand-overs between two tasks run on a flat stack", "[large]") {
  eddy::Semaphore ping(1);
  eddy::Semaphore pong(0);
  int turns = 0;
  auto player = [&](eddy::Semaphore& mine, eddy::Semaphore& other) -> eddy::Task<> {
    for (int i = 0; i < 500'000; ++i) {
      co_await mine.acquire();
      ++turns;
      other.release();
    }
  };
  co_await eddy::gather(player(ping, pong), player(pong, ping));
  CHECK(turns == 1'000'000);
}

EDDY_TEST_CASE("a hundred thousand waiters are woken by one release on a flat stack", "[large]") {
  eddy::Semaphore semaphore(0);
  int woken = 0;
  auto waiter = [&]() -> eddy::Task<> {
    co_await semaphore.acquire();
    ++woken;
  };
  std::vector<eddy::Task<>> waiters;
  for (int i = 0; i < 100'000; ++i) waiters.push_back(waiter());
  eddy::get_running_loop().call_later(1s, [&] { semaphore.release(100'000); });
  co_await eddy::gather(std::move(waiters));
  CHECK(woken == 100'000);
  CHECK(semaphore.value() == 0);
}

EDDY_TEST_CASE("a bounded semaphore refuses to take back more than was taken, and stays as it was", "[c230]") {
  eddy::BoundedSemaphore semaphore(2);
  CHECK_THROWS_AS(semaphore.release(), eddy::OverReleaseError);
  CHECK(semaphore.value() == 2);
  co_await semaphore.acquire();
  CHECK_THROWS_AS(semaphore.release(2), eddy::OverReleaseError);
  CHECK(semaphore.value() == 1);
  semaphore.release();
  CHECK(semaphore.value() == 2);
}
