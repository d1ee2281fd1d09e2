// Pool: lending, FIFO without barging, cancels before and after the hand-over, failing factories, the end of the pool.
//
// SPDX-License-Identifier: MIT
#include "support/run.hpp"

#include "io/pool_support.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

using namespace test;

static_assert(!std::is_copy_constructible_v<Connections::Lease>);
static_assert(std::is_nothrow_move_constructible_v<Connections::Lease>);

namespace {

eddy::Task<std::string> greet(std::string word, int& times) { co_return word + std::to_string(++times); }

}  // namespace

EDDY_TEST_CASE("a member is made when it is needed, and lent again when it was given back") {
  new_world();
  Connections pool(dial);
  CHECK(world.calls == 0);
  {
    auto lease = co_await pool.acquire();
    CHECK(lease->id == 1);
    CHECK((*lease).healthy);
    CHECK(pool.statistics().in_use == 1);
  }
  CHECK(pool.statistics().idle == 1);
  const test::TurnProbe other_ran;
  auto lease = co_await pool.acquire();
  CHECK_FALSE(other_ran);  // it does not suspend
  CHECK(lease->id == 1);
  CHECK(world.calls == 1);
}

EDDY_TEST_CASE("a pool deduces its members' type and keeps the factory's arguments") {
  int times = 0;
  eddy::Pool pool({.max_size = 2}, greet, std::string("hello, a text that is too long for the small buffer "), std::ref(times));
  static_assert(std::is_same_v<decltype(pool), eddy::Pool<std::string>>);
  auto first = co_await pool.acquire();
  auto second = co_await pool.acquire();
  CHECK(first->back() == '1');
  CHECK(second->substr(0, 6) == "hello,");
  CHECK(times == 2);
}

EDDY_TEST_CASE("a factory may be an object that can only be moved, and may give something that T is made from") {
  auto counter = std::make_unique<int>(41);
  auto factory = [counter = std::move(counter)]() -> eddy::Task<int> { co_return ++*counter; };
  const eddy::PoolOptions options;
  eddy::Pool<long> pool(options, std::move(factory));
  auto lease = co_await pool.acquire();
  CHECK(*lease == 42);
}

TEST_CASE("a pool that may have no members is refused") {
  CHECK_THROWS_AS(Connections({.max_size = 0}, dial), std::invalid_argument);
}

EDDY_TEST_CASE("there are never more members than the maximum") {
  new_world();
  world.connect_time = 100ms;
  Connections pool({.max_size = 3}, dial);
  Log log;
  std::vector<eddy::Task<>> users;
  for (int i = 0; i < 10; ++i) users.push_back(use(pool, log, "", 1s));
  const auto start = now();
  co_await eddy::gather(std::move(users));
  CHECK(now() - start == 4100ms);
  CHECK(log.size() == 10);
  CHECK(world.made == 3);
  const eddy::PoolStatistics statistics = pool.statistics();
  CHECK(statistics.size == 3);
  CHECK(statistics.idle == 3);
  CHECK(statistics.in_use == 0);
  CHECK(statistics.waiting == 0);
  CHECK(statistics.created == 3);
  CHECK(statistics.discarded == 0);
  CHECK(statistics.failed == 0);
}

EDDY_TEST_CASE("waiters for a member are served in the order in which they came") {
  new_world();
  Connections pool({.max_size = 1}, dial);
  Log log;
  co_await eddy::gather(use(pool, log, "a", 3s), use(pool, log, "b", 2s), use(pool, log, "c", 1s), use(pool, log, "d", 0s));
  const Log expected{"a1", "b1", "c1", "d1"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("who gives back and acquires again at once stands behind those who wait") {
  new_world();
  Connections pool({.max_size = 1}, dial);
  Log log;
  const auto greedy = [&](std::string name) -> eddy::Task<> {
    for (int i = 0; i < 3; ++i) {
      auto lease = co_await pool.acquire();
      log.push_back(name + std::to_string(i));
      co_await eddy::yield();
    }
  };
  co_await eddy::gather(greedy("a"), greedy("b"), greedy("c"));
  const Log expected{"a0", "b0", "c0", "a1", "b1", "c1", "a2", "b2", "c2"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("nobody overtakes a waiter to whom a member was handed but who has not run yet") {
  new_world();
  Connections pool({.max_size = 1}, dial);
  Log log;
  auto lease = co_await pool.acquire();
  auto waiter = eddy::create_task(attempt(pool, log, "waiter "));
  co_await test::settle();
  CHECK(pool.statistics().waiting == 1);
  lease.release();
  CHECK_FALSE(lease);
  CHECK(pool.statistics().in_use == 1);  // the waiter's
  CHECK_FALSE(pool.try_acquire());
  CHECK(log.empty());
  auto late = co_await pool.acquire();
  CHECK(waiter.done());
  CHECK(late->id == 1);
}

EDDY_TEST_CASE("a member that is given back goes to a waiter for whom another is being made, and that one stays idle") {
  new_world();
  Connections pool({.max_size = 2}, dial);
  Log log;
  auto lease = co_await pool.acquire();
  world.connect_time = 1s;
  auto waiter = eddy::create_task(attempt(pool, log, "waiter "));
  co_await eddy::sleep(500ms);
  lease.release();
  co_await waiter;
  const Log expected{"waiter 1"};
  CHECK(log == expected);
  co_await eddy::sleep(1s);
  CHECK(pool.statistics().idle == 2);
}

EDDY_TEST_CASE("of the idle members the one that was used last is lent first") {
  new_world();
  Connections pool(dial);
  {
    auto first = co_await pool.acquire();
    auto second = co_await pool.acquire();
    second.release();
  }
  auto lease = co_await pool.acquire();
  CHECK(lease->id == 1);
}

EDDY_TEST_CASE("try_acquire takes an idle member and makes none") {
  new_world();
  Connections pool(dial);
  CHECK_FALSE(pool.try_acquire());
  CHECK(world.calls == 0);
  { const auto lease = co_await pool.acquire(); }
  auto lease = pool.try_acquire();
  CHECK(lease);
  CHECK(lease->id == 1);
  CHECK_FALSE(pool.try_acquire());
}

EDDY_TEST_CASE("a lease can be moved and the member stays where it is") {
  new_world();
  Connections pool(dial);
  auto first = co_await pool.acquire();
  Connection* const place = &*first;
  eddy::PoolLease<Connection> second = std::move(first);
  CHECK_FALSE(first);
  CHECK(&*second == place);
  first = std::move(second);
  CHECK(&*first == place);
  first = Connections::Lease();
  CHECK(pool.statistics().idle == 1);
}

EDDY_TEST_CASE("a member that is discarded is not lent again, and its place is free") {
  new_world();
  Connections pool({.max_size = 1}, dial);
  auto lease = co_await pool.acquire();
  lease.discard();
  lease.discard();
  lease.release();
  CHECK(world.alive == 0);
  CHECK(pool.statistics().size == 0);
  CHECK(pool.statistics().discarded == 1);
  auto next = co_await pool.acquire();
  CHECK(next->id == 2);
}

EDDY_TEST_CASE("a place that becomes free by a discard serves the waiter") {
  new_world();
  Connections pool({.max_size = 1}, dial);
  Log log;
  auto lease = co_await pool.acquire();
  auto waiter = eddy::create_task(attempt(pool, log, "waiter "));
  co_await test::settle();
  lease.discard();
  co_await waiter;
  const Log expected{"waiter 2"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("a member goes back when an exception leaves its scope") {
  new_world();
  Connections pool(dial);
  try {
    auto lease = co_await pool.acquire();
    if (lease->healthy) throw std::runtime_error("something else");
  } catch (const std::runtime_error&) {
    CHECK(pool.statistics().idle == 1);
  }
  CHECK(pool.statistics().discarded == 0);
}

EDDY_TEST_CASE("a member that was used is discarded when its task is stopped") {
  new_world();
  Connections pool(dial);
  Log log;
  auto user = eddy::create_task(use(pool, log, "user ", 1h));
  co_await eddy::sleep(1s);
  user.cancel();
  co_await eddy::sleep(1s);
  CHECK(user.cancelled());
  CHECK(world.alive == 0);
  CHECK(pool.statistics().discarded == 1);

  const bool in_time = co_await eddy::move_on_after(1s, use(pool, log, "user ", 1h));  // the stop of a scope is one, too
  CHECK_FALSE(in_time);
  CHECK(pool.statistics().discarded == 2);
  CHECK(pool.statistics().idle == 0);
}

EDDY_TEST_CASE("a member that nobody has looked into goes back when its task is stopped") {
  new_world();
  Connections pool(dial);
  const auto holder = [&]() -> eddy::Task<> {
    const auto lease = co_await pool.acquire();
    co_await eddy::sleep(1h);
  };
  auto task = eddy::create_task(holder);
  co_await eddy::sleep(1s);
  task.cancel();
  co_await eddy::sleep(1s);
  CHECK(pool.statistics().idle == 1);
}

EDDY_TEST_CASE("a member goes back by release() even while its task is being stopped") {
  new_world();
  Connections pool(dial);
  struct Guard {
    Connections::Lease lease;
    explicit Guard(Connections::Lease held) : lease(std::move(held)) {}
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;
    ~Guard() {
      if (lease->healthy) lease.release();
    }
  };
  const auto holder = [&]() -> eddy::Task<> {
    auto lease = co_await pool.acquire();
    const Guard guard(std::move(lease));
    co_await eddy::sleep(1h);
  };
  auto task = eddy::create_task(holder);
  co_await eddy::sleep(1s);
  task.cancel();
  co_await eddy::sleep(1s);
  CHECK(pool.statistics().idle == 1);
}

EDDY_TEST_CASE("a waiter that is cancelled leaves the line") {
  new_world();
  Connections pool({.max_size = 1}, dial);
  Log log;
  auto lease = co_await pool.acquire();
  auto a = eddy::create_task(attempt(pool, log, "a"));
  co_await test::settle();
  auto b = eddy::create_task(attempt(pool, log, "b"));
  co_await test::settle();
  const auto c = eddy::create_task(attempt(pool, log, "c"));
  co_await eddy::sleep(1s);
  b.cancel();
  co_await eddy::sleep(1s);
  CHECK(pool.statistics().waiting == 2);
  lease.release();
  co_await eddy::gather(a, c);
  const Log expected{"a1", "c1"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("a waiter that is cancelled after the hand-over has the member, and gives it back unused") {
  new_world();
  Connections pool({.max_size = 1}, dial);
  bool had_it = false;
  const auto taker = [&]() -> eddy::Task<> {
    const auto lease = co_await pool.acquire();
    had_it = static_cast<bool>(lease);
    co_await eddy::sleep(1h);
  };
  auto lease = co_await pool.acquire();
  auto waiter = eddy::create_task(taker);
  co_await test::settle();
  lease.release();
  waiter.cancel();
  co_await eddy::sleep(1s);
  CHECK(had_it);
  CHECK(waiter.cancelled());
  CHECK(pool.statistics().idle == 1);
}

EDDY_TEST_CASE("a member that was being made for a cancelled waiter goes to the next one") {
  new_world();
  world.connect_time = 2s;
  Connections pool({.max_size = 1}, dial);
  Log log;
  const auto start = now();
  auto a = eddy::create_task(attempt(pool, log, "a"));
  co_await test::settle();
  auto b = eddy::create_task(attempt(pool, log, "b"));
  co_await eddy::sleep(1s);
  a.cancel();
  co_await b;
  CHECK(now() - start == 2s);
  CHECK(a.cancelled());
  const Log expected{"b1"};
  CHECK(log == expected);
  CHECK(world.calls == 1);
}

EDDY_TEST_CASE("a connection that is too slow for a timeout is there for the next attempt") {
  new_world();
  world.connect_time = 2s;
  Connections pool(dial);
  std::string got;
  try {
    const auto lease = co_await eddy::timeout(1s, pool.acquire());
  } catch (const eddy::TimeoutError&) {
    got = "TimeoutError";
  }
  CHECK(got == "TimeoutError");
  CHECK(pool.statistics().waiting == 0);
  auto lease = co_await eddy::timeout(1500ms, pool.acquire());
  CHECK(lease->id == 1);
  CHECK(world.calls == 1);
}

EDDY_TEST_CASE("a factory's error goes to the waiter, and the place is free for the next") {
  new_world();
  world.down = true;
  world.connect_time = 1s;
  Connections pool({.max_size = 1}, dial);
  Log log;
  auto a = eddy::create_task(attempt(pool, log, "a"));
  co_await test::settle();
  auto b = eddy::create_task(attempt(pool, log, "b"));
  co_await test::settle();
  const auto c = eddy::create_task(attempt(pool, log, "c"));
  co_await eddy::sleep(2500ms);
  const Log expected{"a down 1", "b down 2"};
  CHECK(log == expected);
  world.down = false;
  co_await c;
  CHECK(log.back() == "c1");
  CHECK(pool.statistics().failed == 2);
  CHECK(pool.statistics().size == 1);
}

EDDY_TEST_CASE("a factory that throws when it is called fails in the same way") {
  const auto factory = []() -> eddy::Task<int> { throw std::runtime_error("no task"); };
  eddy::Pool<int> pool(factory);
  const std::string got = co_await ending(pool.acquire());
  CHECK(got == "no task");
}

EDDY_TEST_CASE("a factory's error that nobody waits for any more goes to the exception handler") {
  new_world();
  world.down = true;
  world.connect_time = 1s;
  Connections pool(dial);
  Log log;
  auto a = eddy::create_task(attempt(pool, log, "a"));
  co_await eddy::sleep(500ms);
  a.cancel();
  co_await eddy::sleep(1s);
  const auto reports = take_reports();
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].find("a pool's factory failed when nobody waited for its member any more") != std::string::npos);
  CHECK(pool.statistics().size == 0);
}

EDDY_TEST_CASE("waiters of a task that makes a member and is cancelled get CancelledError") {
  new_world();
  world.connect_time = 1s;
  Connections pool(dial);
  Log log;
  auto a = eddy::create_task(attempt(pool, log, "a"));
  co_await test::settle(2);
  for (const eddy::TaskRef& task : eddy::all_tasks()) {
    if (task.name() == "pool") task.cancel();
  }
  co_await a;
  const Log expected{"a the making of a pool's member was cancelled"};
  CHECK(log == expected);
  CHECK(pool.statistics().size == 0);
}

EDDY_TEST_CASE("close waits until the leases have ended, and refuses those who wait") {
  new_world();
  Connections pool({.max_size = 2}, dial);
  Log log;
  auto a = eddy::create_task(use(pool, log, "a", 5s));
  co_await test::settle();
  auto b = eddy::create_task(use(pool, log, "b", 7s));
  co_await eddy::sleep(1s);
  const auto c = eddy::create_task(attempt(pool, log, "c"));
  co_await test::settle();
  const auto start = now();
  CHECK_FALSE(pool.is_closed());
  co_await pool.close();
  CHECK(pool.is_closed());
  CHECK(now() - start == 6s);
  CHECK(log.back() == "c eddy: the pool was closed");
  CHECK(world.alive == 0);
  CHECK(pool.statistics().size == 0);
  co_await pool.close();  // again
  const std::string late = co_await ending(pool.acquire());
  CHECK(late == "eddy: the pool was closed");
  CHECK_THROWS_AS(static_cast<void>(pool.try_acquire()), eddy::PoolClosed);
  co_await eddy::gather(a, b, c);
}

EDDY_TEST_CASE("close destroys what is idle and stops what is being made") {
  new_world();
  Connections pool({.max_size = 2}, dial);
  Log log;
  { const auto lease = co_await pool.acquire(); }
  auto kept = co_await pool.acquire();
  world.connect_time = 1h;
  auto waiter = eddy::create_task(attempt(pool, log, "a"));
  co_await eddy::sleep(1s);
  kept.release();
  co_await waiter;
  const auto start = now();
  co_await pool.close();
  CHECK(now() == start);
  CHECK(world.alive == 0);
  CHECK(world.made == 1);
}

EDDY_TEST_CASE("a pool that was never used is closed at once") {
  Connections pool(dial);
  const test::TurnProbe other_ran;
  co_await pool.close();
  CHECK_FALSE(other_ran);
}

EDDY_TEST_CASE("a close that is cancelled stops waiting, and the pool stays closed") {
  new_world();
  Connections pool(dial);
  auto lease = co_await pool.acquire();
  const auto closer = [&]() -> eddy::Task<> { co_await pool.close(); };
  auto closing = eddy::create_task(closer);
  co_await eddy::sleep(1s);
  closing.cancel();
  co_await eddy::sleep(1s);
  CHECK(closing.cancelled());
  CHECK(pool.is_closed());
  lease.release();
  CHECK(world.alive == 0);
}

EDDY_TEST_CASE("leases outlive their pool") {
  new_world();
  std::optional<Connections> pool;
  pool.emplace(dial);
  auto lease = co_await pool->acquire();
  { const auto idle = co_await pool->acquire(); }
  CHECK(world.alive == 2);
  pool.reset();
  CHECK(world.alive == 1);
  CHECK(lease->id == 1);
  lease.release();
  CHECK(world.alive == 0);
}

EDDY_TEST_CASE("a pool may be destroyed while it makes a member") {
  new_world();
  world.connect_time = 2s;
  std::optional<Connections> pool;
  pool.emplace(dial);
  Log log;
  auto a = eddy::create_task(attempt(*pool, log, "a"));
  co_await eddy::sleep(1s);
  a.cancel();
  co_await eddy::sleep(0s);
  pool.reset();
  co_await eddy::sleep(2s);
  CHECK(world.made == 0);
}

EDDY_LOOP_TEST_CASE("waiters of a pool that is destroyed get BrokenResourceError") {
  new_world();
  const std::string got = run_test([]() -> eddy::Task<std::string> {
    eddy::get_running_loop().set_debug(false);
    std::optional<Connections> pool;
    pool.emplace(eddy::PoolOptions{.max_size = 1}, dial);
    auto lease = co_await pool->acquire();
    auto waiter = eddy::create_task(ending(pool->acquire()));
    co_await test::settle();
    pool.reset();
    co_return co_await waiter;
  });
  CHECK(got == "eddy: a pool's member was destroyed while tasks waited for it");
}

EDDY_LOOP_TEST_CASE("idle members end with their loop, and the pool serves the next one") {
  new_world();
  Connections pool(dial);
  pool.set_closer(say_goodbye);
  std::optional<Connections::Lease> taken_along;
  const auto body = [&]() -> eddy::Task<int> {
    auto lease = co_await pool.acquire();
    const int id = lease->id;
    if (!taken_along) taken_along = co_await pool.acquire();
    co_return id;
  };
  CHECK(run_test(body) == 1);
  CHECK(world.closed == 1);
  CHECK(world.alive == 1);
  CHECK(run_test(body) == 3);
  CHECK(world.closed == 2);
  taken_along->release();  // the loop that it belonged to is gone
  CHECK(world.alive == 0);
  CHECK(pool.statistics().size == 0);
}

EDDY_LOOP_TEST_CASE("a pool is for one loop at a time") {
  new_world();
  Connections pool(dial);
  eddy::Runner first;
  eddy::Runner second;
  const auto body = [&]() -> eddy::Task<std::string> {
    co_return co_await ending(pool.acquire());
  };
  CHECK(first.run(body()) == "value");
  CHECK(second.run(body()) == "eddy: tasks of two event loops use one pool, which is for one at a time");
}

EDDY_TEST_CASE("a hundred thousand leases make no more members, and allocate nothing", "[large]") {
  new_world();
  Connections pool({.max_size = 2, .idle_timeout = 1h}, dial);
  { const auto first = co_await pool.acquire(); }
  const std::size_t before = eddy::testing::allocations();
  for (int i = 0; i < 100'000; ++i) {
    auto lease = co_await pool.acquire();
    lease->healthy = true;
  }
  CHECK(eddy::testing::allocations() == before);
  CHECK(pool.statistics().created == 1);
}

EDDY_TEST_CASE("a hundred thousand hand-overs between tasks run in flat memory", "[large]") {
  new_world();
  Connections pool({.max_size = 2}, dial);
  int turns = 0;
  const auto player = [&]() -> eddy::Task<> {
    for (int i = 0; i < 25'000; ++i) {
      auto lease = co_await pool.acquire();
      turns += lease->healthy ? 1 : 0;
      co_await eddy::yield();
    }
  };
  co_await eddy::gather(player(), player(), player(), player());
  CHECK(turns == 100'000);
  CHECK(pool.statistics().created == 2);
}

namespace {

// Checks wait, two in three connections are healthy, and the closer takes a while.
void make_difficult(Connections& pool) {
  pool.set_health_check([](Connection& connection) -> eddy::Task<bool> {
    co_await eddy::sleep(100ms);
    co_return connection.id % 3 != 0;
  });
  pool.set_closer(say_goodbye);
  world.connect_time = 300ms;
  world.close_time = 200ms;
}

}  // namespace

EDDY_TEST_CASE("whoever is cancelled at whatever time, the others are served and no place is lost") {
  for (int step = 0; step < 60; ++step) {
    new_world();
    Connections pool({.max_size = 2, .idle_timeout = 1s}, dial);
    make_difficult(pool);
    Log log;
    std::vector<eddy::TaskHandle<>> users;
    for (int i = 0; i < 5; ++i) users.push_back(eddy::create_task(use(pool, log, "", 250ms)));
    for (int i = 0; i < step % 4; ++i) co_await eddy::yield();
    co_await eddy::sleep(step / 4 * 100ms);
    const auto cancelled = static_cast<std::size_t>(step % 5);
    users[cancelled].cancel();
    int served = 0;
    for (auto& user : users) {
      const std::string end = co_await ending(user);
      if (end == "value") ++served;
    }
    CHECK(served >= 4);
    const auto statistics = pool.statistics();
    CHECK(statistics.in_use == 0);
    CHECK(statistics.waiting == 0);
    co_await pool.close();
    CHECK(world.alive == 0);
    CHECK(pool.statistics().size == 0);
  }
}

EDDY_LOOP_TEST_CASE("a task that is stopped at any point leaves no member of its pool behind") {
  new_world();
  const auto body = [&]() -> eddy::Task<> {
    new_world();
    Connections pool({.max_size = 2, .idle_timeout = 1s}, dial);
    make_difficult(pool);
    Log log;
    co_await eddy::gather(use(pool, log, "a", 1s), use(pool, log, "b", 1s), use(pool, log, "c", 2s),
                          eddy::move_on_after(1s, use(pool, log, "d", 1s)));
    co_await eddy::sleep(500ms);
    co_await use(pool, log, "e", 1s);
    co_await pool.close();
  };
  CHECK(eddy::testing::for_each_cancellation_point(body) > 20);
  CHECK(world.alive == 0);
}
