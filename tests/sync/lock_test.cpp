// Lock: who gets it when, what a cancel changes, and what is refused.
//
// SPDX-License-Identifier: MIT
#include <eddy/sync/lock.hpp>

#include "support/run.hpp"

using namespace test;

namespace {

using Log = std::vector<std::string>;

// Takes the lock, holds it for a while, and says when it has it and when it gives it back.
eddy::Task<> holder(eddy::Lock& lock, Log& log, std::string name, std::chrono::nanoseconds time = 0s) {
  const auto guard = co_await lock.scoped();
  log.push_back(name);
  const OnExit leaves(log, name + " leaves");
  if (time > 0s) co_await eddy::sleep(time);
}

eddy::Task<> acquire_only(eddy::Lock& lock, int& acquired) {
  co_await lock.acquire();
  ++acquired;
}

eddy::Task<> release_only(eddy::Lock& lock) {
  lock.release();
  co_return;
}

eddy::Task<eddy::LockGuard> take_guard(eddy::Lock& lock) { co_return co_await lock.scoped(); }

}  // namespace

EDDY_TEST_CASE("a free lock is taken without suspending", "[c211]") {
  eddy::Lock lock;
  const test::TurnProbe others_ran;
  co_await lock.acquire();
  CHECK(lock.locked());
  lock.release();
  {
    const auto guard = co_await lock.scoped();
    CHECK(lock.locked());
  }
  CHECK_FALSE(lock.locked());
  CHECK_FALSE(others_ran);
  co_await test::settle();
  CHECK(others_ran);
}

EDDY_TEST_CASE("one task at a time holds a lock, and the waiters get it in the order of arrival", "[c211]") {
  eddy::Lock lock;
  Log log;
  const auto start = now();
  co_await eddy::gather(holder(lock, log, "a", 1s), holder(lock, log, "b", 1s), holder(lock, log, "c", 1s));
  CHECK(log == Log{"a", "a leaves", "b", "b leaves", "c", "c leaves"});
  CHECK(now() - start == 3s);
  CHECK_FALSE(lock.locked());
}

EDDY_TEST_CASE("release does not run the waiter inside the call") {
  eddy::Lock lock;
  int acquired = 0;
  co_await lock.acquire();
  auto waiter = eddy::create_task(acquire_only(lock, acquired));
  co_await test::settle();
  lock.release();
  CHECK(acquired == 0);
  CHECK(lock.locked());  // it is the waiter's already
  co_await waiter;
  CHECK(acquired == 1);
  lock.release();
}

EDDY_TEST_CASE("nobody overtakes a waiter, not even the task that has just released the lock", "[c217]") {
  eddy::Lock lock;
  Log log;
  co_await lock.acquire();
  auto waiter = eddy::create_task(holder(lock, log, "waiter"));
  co_await test::settle();
  lock.release();
  CHECK_FALSE(lock.try_acquire());
  co_await lock.acquire();
  log.push_back("main");
  CHECK(log == Log{"waiter", "waiter leaves", "main"});
  lock.release();
  CHECK(lock.try_acquire());
  lock.release();
}

EDDY_TEST_CASE("a waiter that is cancelled leaves the queue, and the next one gets the lock", "[c212][order]") {
  eddy::Lock lock;
  Log log;
  co_await lock.acquire();
  auto a = eddy::create_task(holder(lock, log, "a"));
  auto b = eddy::create_task(holder(lock, log, "b"));
  auto c = eddy::create_task(holder(lock, log, "c"));
  co_await test::settle();
  a.cancel();
  lock.release();  // in the same turn
  co_await c;
  CHECK(a.cancelled());
  CHECK(log == Log{"b", "b leaves", "c", "c leaves"});
  CHECK_FALSE(lock.locked());
}

EDDY_TEST_CASE("the last waiter's cancel leaves the lock usable", "[c212]") {
  eddy::Lock lock;
  Log log;
  co_await lock.acquire();
  auto only = eddy::create_task(holder(lock, log, "only"));
  co_await test::settle();
  only.cancel();
  co_await test::settle();
  CHECK(only.cancelled());
  CHECK(lock.locked());
  lock.release();
  CHECK_FALSE(lock.locked());
  co_await holder(lock, log, "main");
  CHECK(log == Log{"main", "main leaves"});
}

EDDY_TEST_CASE("a waiter that is cancelled after the hand-over has the lock, exactly once", "[c214][order]") {
  eddy::Lock lock;
  Log log;
  co_await lock.acquire();
  auto a = eddy::create_task(holder(lock, log, "a", 1s));
  auto b = eddy::create_task(holder(lock, log, "b"));
  co_await test::settle();
  lock.release();
  a.cancel();
  CHECK(log.empty());
  co_await b;
  CHECK(a.cancelled());  // at its sleep, where it held the lock
  CHECK(log == Log{"a", "a leaves", "b", "b leaves"});
  CHECK_FALSE(lock.locked());
}

EDDY_TEST_CASE("a task that is to stop takes a free lock and stops at one that is held", "[c214]") {
  eddy::Lock lock;
  Log log;
  auto stopped = eddy::create_task(
      [](eddy::Lock& l, Log& lines) -> eddy::Task<> {
        eddy::current_task().cancel();
        {
          const auto guard = co_await l.scoped();
          lines.push_back("took it");
        }
        co_await l.acquire();
        lines.push_back("took it again");
        const OnExit end(lines, "stopped");
        co_await l.acquire();
        lines.push_back("never");
      },
      std::ref(lock), std::ref(log));
  co_await eddy::sleep(1s);
  CHECK(stopped.cancelled());
  CHECK(log == Log{"took it", "took it again", "stopped"});
  CHECK(lock.locked());  // an acquire() without a guard
  lock.release();
  CHECK_FALSE(lock.locked());
}

EDDY_TEST_CASE("releasing a lock that nobody holds is an error and changes nothing", "[c215]") {
  eddy::Lock lock;
  CHECK_THROWS_AS(lock.release(), eddy::LockNotHeldError);
  CHECK_THROWS_AS(lock.release(), eddy::RuntimeError);
  co_await lock.acquire();
  lock.release();
  CHECK_THROWS_WITH(lock.release(), Catch::StartsWith("eddy: release: nobody holds this lock (in task "));
  CHECK_FALSE(lock.locked());
  co_await lock.acquire();
  CHECK(lock.locked());
  lock.release();
}

EDDY_TEST_CASE("in debug mode only the task that acquired a lock may release it", "[c216]") {
  eddy::get_running_loop().set_debug(true);
  eddy::Lock lock;
  int acquired = 0;
  co_await lock.acquire();
  eddy::current_task().set_name("owner");
  auto other = eddy::create_task(release_only(lock));
  co_await test::settle();
  CHECK_THROWS_WITH(other.result(), Catch::StartsWith("eddy: release: task owner holds this lock (in task "));
  CHECK_THROWS_AS(other.result(), eddy::LockNotHeldError);
  CHECK(lock.locked());
  lock.release();

  REQUIRE(lock.try_acquire());
  auto next = eddy::create_task(acquire_only(lock, acquired), {.name = "next"});
  co_await test::settle();
  lock.release();
  co_await next;
  CHECK_THROWS_WITH(lock.release(), Catch::StartsWith("eddy: release: task next, which has ended, holds this lock (in task "));
  eddy::get_running_loop().set_debug(false);
  lock.release();
}

EDDY_TEST_CASE("in debug mode the body of a timeout acquires for its caller", "[c216]") {
  eddy::get_running_loop().set_debug(true);
  eddy::Lock lock;
  co_await eddy::wait_for(lock.acquire(), 1s);
  CHECK_NOTHROW(lock.release());
  CHECK_FALSE(lock.locked());
}

EDDY_TEST_CASE("without debug mode any task may release a lock", "[c216]") {
  eddy::get_running_loop().set_debug(false);
  eddy::Lock lock;
  co_await lock.acquire();
  co_await eddy::create_task(release_only(lock));
  CHECK_FALSE(lock.locked());
}

EDDY_TEST_CASE("a holder that ends, however it does, passes the lock on", "[c220][order]") {
  eddy::Lock lock;
  Log log;
  auto fails = eddy::create_task(
      [](eddy::Lock& l) -> eddy::Task<> {
        const auto guard = co_await l.scoped();
        co_await eddy::sleep(1s);
        throw std::runtime_error("failed with the lock");
      },
      std::ref(lock));
  auto stopped = eddy::create_task(holder(lock, log, "stopped", 1h));
  auto last = eddy::create_task(holder(lock, log, "last"));
  co_await eddy::sleep(2s);
  CHECK_THROWS_AS(fails.result(), std::runtime_error);
  stopped.cancel();
  co_await last;
  CHECK(log == Log{"stopped", "stopped leaves", "last", "last leaves"});
}

EDDY_TEST_CASE("an acquire that times out leaves the queue", "[c221]") {
  eddy::Lock lock;
  const auto start = now();
  co_await lock.acquire();
  bool timed_out = false;
  try {
    const auto guard = co_await eddy::wait_for(lock.scoped(), 1s);
  } catch (const eddy::TimeoutError&) {
    timed_out = true;
  }
  CHECK(timed_out);
  CHECK(now() - start == 1s);
  lock.release();
  CHECK_FALSE(lock.locked());
  {
    const auto guard = co_await eddy::wait_for(lock.scoped(), 1s);
    CHECK(guard);
    CHECK(lock.locked());
  }
  CHECK_FALSE(lock.locked());
}

EDDY_TEST_CASE("a lock that is handed over in the turn of the deadline is delivered", "[c221][order]") {
  eddy::Lock lock;
  co_await lock.acquire();
  auto timed = eddy::create_task(
      [](eddy::Lock& l) -> eddy::Task<bool> {
        const auto guard = co_await eddy::move_on_after(1s, take_guard(l));
        co_return guard.has_value();
      },
      std::ref(lock));
  co_await eddy::sleep(1s);
  lock.release();
  const bool had_it = co_await timed;
  CHECK(had_it);
  CHECK_FALSE(lock.locked());
}

EDDY_TEST_CASE("an acquire that was never awaited takes nothing", "[c221]") {
  eddy::Lock lock;
  {
    [[maybe_unused]] auto acquiring = lock.acquire();
    [[maybe_unused]] auto scoped = lock.scoped();
  }
  CHECK_FALSE(lock.locked());
  co_return;
}

EDDY_TEST_CASE("a guard can be moved, given to another task, and releases once") {
  eddy::Lock lock;
  eddy::Lock other;
  CHECK_FALSE(eddy::LockGuard());
  eddy::LockGuard guard = co_await lock.scoped();
  eddy::LockGuard second = std::move(guard);
  CHECK_FALSE(guard);
  CHECK(second);
  guard.release();
  CHECK(lock.locked());
  second = co_await other.scoped();  // gives back what it held
  CHECK_FALSE(lock.locked());
  CHECK(other.locked());
  co_await eddy::create_task(
      [](eddy::LockGuard given) -> eddy::Task<> {
        given.release();
        given.release();
        co_return;
      },
      std::move(second));
  CHECK_FALSE(other.locked());
}

TEST_CASE("a lock is taken and released where no loop runs") {
  eddy::Lock lock;
  CHECK(lock.try_acquire());
  CHECK_FALSE(lock.try_acquire());
  lock.release();
  CHECK_FALSE(lock.locked());
}

EDDY_TEST_CASE("in debug mode any task may release a lock that a callback acquired", "[c216]") {
  eddy::get_running_loop().set_debug(true);
  eddy::Lock lock;
  eddy::get_running_loop().call_soon([&] { CHECK(lock.try_acquire()); });
  co_await test::settle();
  REQUIRE(lock.locked());
  lock.release();
  CHECK_FALSE(lock.locked());
}

EDDY_TEST_CASE("a million uncontended acquisitions need no stack", "[large]") {
  eddy::Lock lock;
  for (int i = 0; i < 1'000'000; ++i) {
    const auto guard = co_await lock.scoped();
  }
  CHECK_FALSE(lock.locked());
}

EDDY_TEST_CASE("a million contended hand-overs need no stack", "[large]") {
  static constexpr auto kPlay = [](eddy::Lock& lock, int& count, int& inside) -> eddy::Task<> {
    for (int i = 0; i < 250'000; ++i) {
      const auto guard = co_await lock.scoped();
      if (++inside != 1) FAIL("two tasks hold the lock");
      if (i % 2 == 0) co_await eddy::yield();
      ++count;
      --inside;
    }
  };
  eddy::Lock lock;
  int count = 0;
  int inside = 0;
  co_await eddy::gather(kPlay(lock, count, inside), kPlay(lock, count, inside), kPlay(lock, count, inside),
                        kPlay(lock, count, inside));
  CHECK(count == 1'000'000);
}

EDDY_TEST_CASE("a hundred thousand waiters of one lock are served, or cancelled, without stack", "[large]") {
  eddy::Lock lock;
  int acquired = 0;
  std::vector<eddy::TaskHandle<>> waiters;
  co_await lock.acquire();
  static constexpr auto kWait = [](eddy::Lock& l, int& count) -> eddy::Task<> {
    const auto guard = co_await l.scoped();
    ++count;
  };
  for (int i = 0; i < 100'000; ++i) waiters.push_back(eddy::create_task(kWait(lock, acquired)));
  co_await test::settle();
  for (int i = 0; i < 100'000; i += 2) waiters[static_cast<std::size_t>(i)].cancel();
  lock.release();
  co_await eddy::wait(waiters);
  CHECK(acquired == 50'000);
  CHECK_FALSE(lock.locked());
}
