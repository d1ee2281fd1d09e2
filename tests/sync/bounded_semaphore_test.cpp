// BoundedSemaphore: that it refuses to grow, and is a Semaphore otherwise.
//
// SPDX-License-Identifier: MIT
#include <eddy/sync/bounded_semaphore.hpp>

#include "support/run.hpp"

using namespace test;

namespace {

using Log = std::vector<std::string>;

eddy::Task<> user(eddy::BoundedSemaphore& semaphore, Log& log, std::string name) {
  const auto permit = co_await semaphore.scoped();
  log.push_back(name);
  const OnExit leaves(log, name + " leaves");
  co_await eddy::sleep(1s);
}

}  // namespace

EDDY_TEST_CASE("giving back more than was taken is an error and changes nothing", "[c230]") {
  eddy::BoundedSemaphore semaphore(2);
  CHECK_THROWS_AS(semaphore.release(), eddy::OverReleaseError);
  CHECK_THROWS_AS(semaphore.release(), eddy::RuntimeError);
  CHECK(semaphore.value() == 2);
  co_await semaphore.acquire();
  CHECK_THROWS_AS(semaphore.release(2), eddy::OverReleaseError);
  CHECK_THROWS_AS(semaphore.release(static_cast<std::size_t>(-1)), eddy::OverReleaseError);
  CHECK(semaphore.value() == 1);
  semaphore.release();
  CHECK(semaphore.value() == 2);
  CHECK_THROWS_AS(semaphore.release(), eddy::OverReleaseError);
  CHECK_NOTHROW(semaphore.release(0));
}

EDDY_TEST_CASE("a bounded semaphore admits as many as it has permits, in the order of arrival", "[order]") {
  eddy::BoundedSemaphore semaphore(2);
  Log log;
  const auto start = now();
  co_await eddy::gather(user(semaphore, log, "a"), user(semaphore, log, "b"), user(semaphore, log, "c"));
  CHECK(log == Log{"a", "b", "a leaves", "b leaves", "c", "c leaves"});
  CHECK(now() - start == 2s);
  CHECK(semaphore.value() == 2);
  CHECK_FALSE(semaphore.locked());
  CHECK_THROWS_AS(semaphore.release(), eddy::OverReleaseError);
}

EDDY_TEST_CASE("a permit that a waiter was handed counts as taken", "[c230]") {
  eddy::BoundedSemaphore semaphore(1);
  Log log;
  REQUIRE(semaphore.try_acquire());
  CHECK_FALSE(semaphore.try_acquire());
  auto a = eddy::create_task(user(semaphore, log, "a"));
  co_await test::settle();
  semaphore.release();
  CHECK(semaphore.locked());
  CHECK(semaphore.value() == 0);
  co_await a;
  CHECK(semaphore.value() == 1);
}

EDDY_TEST_CASE("a waiter of a bounded semaphore can be cancelled before and after the hand-over", "[order]") {
  eddy::BoundedSemaphore semaphore(1);
  Log log;
  co_await semaphore.acquire();
  auto a = eddy::create_task(user(semaphore, log, "a"));
  auto b = eddy::create_task(user(semaphore, log, "b"));
  auto c = eddy::create_task(user(semaphore, log, "c"));
  co_await test::settle();
  a.cancel();
  semaphore.release();
  b.cancel();
  co_await c;
  CHECK(a.cancelled());
  CHECK(b.cancelled());
  CHECK(log == Log{"b", "b leaves", "c", "c leaves"});
  CHECK(semaphore.value() == 1);
  CHECK_THROWS_AS(semaphore.release(), eddy::OverReleaseError);
}

EDDY_TEST_CASE("several permits are taken and given back together") {
  eddy::BoundedSemaphore semaphore(3);
  {
    const auto permit = co_await semaphore.scoped(3);
    CHECK(semaphore.locked());
    const bool timed = co_await eddy::move_on_after(1s, semaphore.acquire(2));
    CHECK_FALSE(timed);
  }
  CHECK(semaphore.value() == 3);
  co_await semaphore.acquire(2);
  semaphore.release(2);
  CHECK(semaphore.value() == 3);
}

EDDY_TEST_CASE("wait_for around acquire and scoped of a bounded semaphore takes a permit or times out") {
  eddy::BoundedSemaphore semaphore(1);
  const auto start = now();
  co_await eddy::wait_for(semaphore.acquire(), 1s);
  CHECK(semaphore.value() == 0);
  int timed_out = 0;
  try {
    co_await eddy::wait_for(semaphore.acquire(), 1s);
  } catch (const eddy::TimeoutError&) {
    ++timed_out;
  }
  try {
    const auto none = co_await eddy::wait_for(semaphore.scoped(), 1s);
  } catch (const eddy::TimeoutError&) {
    ++timed_out;
  }
  CHECK(timed_out == 2);
  CHECK(now() - start == 2s);
  semaphore.release();
  CHECK_THROWS_AS(semaphore.release(), eddy::OverReleaseError);  // those that timed out gave nothing back
  {
    const auto permit = co_await eddy::wait_for(semaphore.scoped(), 0s);
    CHECK(permit);
    CHECK(semaphore.locked());
  }
  CHECK(semaphore.value() == 1);
  CHECK_THROWS_AS(semaphore.release(), eddy::OverReleaseError);
}

EDDY_TEST_CASE("wait_for around a bounded semaphore is served within its time, and in the order of arrival",
               "[order]") {
  eddy::BoundedSemaphore semaphore(1);
  Log log;
  const auto waits = [](eddy::BoundedSemaphore& s, Log& lines, std::string name) -> eddy::Task<> {
    const auto permit = co_await eddy::wait_for(s.scoped(), 3s);
    lines.push_back(name);
    co_await eddy::sleep(1s);
  };
  const auto start = now();
  const auto slots = std::ref(semaphore);
  auto a = eddy::create_task(waits, slots, std::ref(log), "a");
  auto b = eddy::create_task(waits, slots, std::ref(log), "b");
  auto c = eddy::create_task(waits, slots, std::ref(log), "c");
  co_await a;
  co_await b;
  co_await c;
  CHECK(log == Log{"a", "b", "c"});
  CHECK(now() - start == 3s);
  CHECK(semaphore.value() == 1);
}

EDDY_TEST_CASE("a permit of a bounded semaphore that comes at wait_for's deadline is delivered, and counted once",
               "[order]") {
  eddy::BoundedSemaphore semaphore(1);
  co_await semaphore.acquire();
  eddy::get_running_loop().call_later(1s, [&] { semaphore.release(); });
  co_await eddy::wait_for(semaphore.acquire(), 1s);
  CHECK(semaphore.value() == 0);
  eddy::get_running_loop().call_later(1s, [&] { semaphore.release(); });
  {
    const auto permit = co_await eddy::wait_for(semaphore.scoped(), 1s);
    CHECK(permit);
    CHECK(semaphore.value() == 0);
  }
  CHECK(semaphore.value() == 1);
  CHECK_THROWS_AS(semaphore.release(), eddy::OverReleaseError);
}

EDDY_TEST_CASE("a release beside a permit's own is noticed at the next release", "[c230]") {
  eddy::BoundedSemaphore semaphore(1);
  {
    const auto permit = co_await semaphore.scoped();
    CHECK_NOTHROW(semaphore.release());  // wrong, but not to be told from a right one
  }
  CHECK(semaphore.value() == 2);
  CHECK_THROWS_AS(semaphore.release(), eddy::OverReleaseError);
}

EDDY_TEST_CASE("a stored wake-up is a semaphore of no permits, and is used once", "[c241]") {
  eddy::Semaphore woken(0);
  woken.release();
  co_await woken.acquire();
  const bool twice = co_await eddy::move_on_after(1s, woken.acquire());
  CHECK_FALSE(twice);
}

EDDY_TEST_CASE("a million acquisitions of a bounded semaphore need no stack", "[large]") {
  static constexpr auto kPlay = [](eddy::BoundedSemaphore& semaphore, int& count) -> eddy::Task<> {
    for (int i = 0; i < 250'000; ++i) {
      co_await semaphore.acquire();
      if (i % 2 == 0) co_await eddy::yield();
      ++count;
      semaphore.release();
    }
  };
  eddy::BoundedSemaphore semaphore(2);
  int count = 0;
  co_await eddy::gather(kPlay(semaphore, count), kPlay(semaphore, count), kPlay(semaphore, count),
                        kPlay(semaphore, count));
  CHECK(count == 1'000'000);
  CHECK(semaphore.value() == 2);
}
