// Pool: health checks, expiry, and the polite end of members.
//
// SPDX-License-Identifier: MIT
#include "support/run.hpp"

#include "io/pool_support.hpp"

#include <chrono>
#include <stdexcept>
#include <string>

using namespace test;

namespace {

eddy::Task<bool> ping(Connection& connection) {
  co_await eddy::sleep(1s);
  if (connection.id < 0) throw std::runtime_error("no answer");
  co_return connection.healthy;
}

}  // namespace

EDDY_TEST_CASE("a member that fails a plain health check is discarded, and the next one tried") {
  new_world();
  Connections pool(dial);
  pool.set_health_check([](Connection& connection) { return connection.healthy; });
  {
    auto first = co_await pool.acquire();
    auto second = co_await pool.acquire();
    auto third = co_await pool.acquire();
    second->healthy = false;
    third->healthy = false;
    first.release();
    second.release();
  }
  const test::TurnProbe other_ran;
  auto lease = co_await pool.acquire();
  CHECK_FALSE(other_ran);
  CHECK(lease->id == 1);
  CHECK(pool.statistics().discarded == 2);
  CHECK(world.alive == 1);
}

EDDY_TEST_CASE("a member whose plain health check throws is discarded, and a new one is made") {
  new_world();
  Connections pool({.max_size = 1}, dial);
  pool.set_health_check([](Connection&) -> bool { throw std::runtime_error("broken"); });
  { const auto lease = co_await pool.acquire(); }
  CHECK(pool.statistics().idle == 1);
  auto lease = co_await pool.acquire();
  CHECK(lease->id == 2);
}

EDDY_TEST_CASE("a health check may wait, and is not asked of new members") {
  new_world();
  Connections pool({.max_size = 1}, dial);
  pool.set_health_check(ping);
  const auto start = now();
  {
    auto lease = co_await pool.acquire();
    CHECK(lease->id == 1);
  }
  CHECK(now() == start);
  {
    auto lease = co_await pool.acquire();
    CHECK(now() - start == 1s);
    CHECK(lease->id == 1);
    lease->healthy = false;
  }
  auto lease = co_await pool.acquire();
  CHECK(now() - start == 2s);
  CHECK(lease->id == 2);
}

EDDY_TEST_CASE("a health check that waits and throws discards the member") {
  new_world();
  Connections pool({.max_size = 1}, dial);
  pool.set_health_check(ping);
  {
    auto lease = co_await pool.acquire();
    lease->id = -1;
  }
  auto lease = co_await pool.acquire();
  CHECK(lease->id == 2);
  CHECK(pool.statistics().discarded == 1);
  CHECK(pool.statistics().failed == 0);
}

EDDY_TEST_CASE("try_acquire gives nothing where a health check has to wait") {
  new_world();
  Connections pool(dial);
  pool.set_health_check(ping);
  { const auto lease = co_await pool.acquire(); }
  CHECK_FALSE(pool.try_acquire());
}

EDDY_TEST_CASE("a member that is given back while others wait is checked before it is handed on") {
  new_world();
  Connections pool({.max_size = 1}, dial);
  Log log;
  pool.set_health_check([](Connection& connection) { return connection.healthy; });
  auto lease = co_await pool.acquire();
  auto a = eddy::create_task(attempt(pool, log, "a"));
  co_await test::settle();
  auto b = eddy::create_task(attempt(pool, log, "b"));
  co_await test::settle();
  lease->healthy = false;
  lease.release();
  co_await eddy::gather(a, b);
  const Log expected{"a2", "b2"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("a member whose check waits goes to the next waiter if its own is cancelled meanwhile") {
  new_world();
  Connections pool({.max_size = 1}, dial);
  Log log;
  pool.set_health_check(ping);
  { const auto lease = co_await pool.acquire(); }
  auto a = eddy::create_task(attempt(pool, log, "a"));
  co_await eddy::sleep(500ms);
  auto b = eddy::create_task(attempt(pool, log, "b"));
  co_await test::settle();
  a.cancel();
  co_await b;
  const Log expected{"b1"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("close stops a health check, and the member that was asked is closed") {
  new_world();
  Connections pool({.max_size = 1}, dial);
  Log log;
  pool.set_health_check(ping);
  { const auto lease = co_await pool.acquire(); }
  auto a = eddy::create_task(attempt(pool, log, "a"));
  co_await eddy::sleep(500ms);
  const auto start = now();
  co_await pool.close();
  CHECK(now() == start);
  CHECK(world.alive == 0);
  co_await a;
  const Log expected{"a eddy: the pool was closed"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("members that have been idle for too long are closed when their time comes") {
  new_world();
  Connections pool({.idle_timeout = 10s}, dial);
  {
    auto first = co_await pool.acquire();
    auto second = co_await pool.acquire();
    first.release();
    co_await eddy::sleep(5s);
  }
  co_await eddy::sleep(4999ms);
  CHECK(world.alive == 2);
  co_await eddy::sleep(2ms);
  CHECK(world.alive == 1);
  {
    auto lease = co_await pool.acquire();  // being used begins the time anew
    CHECK(lease->id == 2);
  }
  co_await eddy::sleep(9999ms);
  CHECK(world.alive == 1);
  co_await eddy::sleep(2ms);
  CHECK(world.alive == 0);
  CHECK(pool.statistics().size == 0);
  CHECK(pool.statistics().discarded == 2);
}

EDDY_TEST_CASE("an idle timeout of zero keeps no member") {
  new_world();
  Connections pool({.idle_timeout = 0s}, dial);
  { const auto lease = co_await pool.acquire(); }
  CHECK_FALSE(pool.try_acquire());
  CHECK(world.alive == 0);
}

EDDY_TEST_CASE("a limit that is too large for the clock is none") {
  new_world();
  Connections pool({.idle_timeout = std::chrono::hours::max(), .max_lifetime = std::chrono::hours::max()}, dial);
  { const auto lease = co_await pool.acquire(); }
  co_await eddy::sleep(24h);
  CHECK(pool.statistics().idle == 1);
}

EDDY_TEST_CASE("a member that has become too old is closed: idle when its time comes, leased when it is given back") {
  new_world();
  Connections pool({.max_lifetime = 10s}, dial);
  auto idle = co_await pool.acquire();
  auto used = co_await pool.acquire();
  co_await eddy::sleep(9999ms);
  idle.release();
  CHECK(world.alive == 2);
  co_await eddy::sleep(2ms);
  CHECK(world.alive == 1);
  CHECK(used->id == 2);
  used.release();
  CHECK(world.alive == 0);
}

EDDY_TEST_CASE("the shorter of idle timeout and lifetime ends a member") {
  new_world();
  Connections pool({.idle_timeout = 4s, .max_lifetime = 10s}, dial);
  { const auto lease = co_await pool.acquire(); }
  for (int i = 0; i < 3; ++i) {
    co_await eddy::sleep(3s);
    const auto lease = pool.try_acquire();
    CHECK(lease);
  }
  CHECK(world.alive == 1);
  co_await eddy::sleep(1001ms);
  CHECK(world.alive == 0);
}

EDDY_TEST_CASE("a member that is too old when it is given back is replaced for the waiter") {
  new_world();
  Connections pool({.max_size = 1, .max_lifetime = 10s}, dial);
  Log log;
  auto lease = co_await pool.acquire();
  auto a = eddy::create_task(attempt(pool, log, "a"));
  co_await eddy::sleep(11s);
  lease.release();
  co_await a;
  const Log expected{"a2"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("no more members are kept than may be idle") {
  new_world();
  Connections pool({.max_idle = 1}, dial);
  {
    const auto first = co_await pool.acquire();
    const auto second = co_await pool.acquire();
    const auto third = co_await pool.acquire();
  }
  CHECK(pool.statistics().idle == 1);
  CHECK(pool.statistics().discarded == 2);
  CHECK(world.alive == 1);
}

EDDY_TEST_CASE("a pool that keeps nothing idle still hands on what is given back") {
  new_world();
  Connections pool({.max_size = 1, .max_idle = 0}, dial);
  Log log;
  co_await eddy::gather(use(pool, log, "a", 1s), use(pool, log, "b", 1s));
  const Log expected{"a1", "b1"};
  CHECK(log == expected);
  CHECK(world.alive == 0);
}

EDDY_TEST_CASE("the closer is run for each member that ends, and close waits for it") {
  new_world();
  world.close_time = 1s;
  Connections pool(dial);
  pool.set_closer(say_goodbye);
  {
    auto first = co_await pool.acquire();
    auto second = co_await pool.acquire();
    first.discard();
  }
  const auto start = now();
  CHECK(world.closed == 0);
  CHECK(pool.statistics().size == 2);  // the one that is being closed counts
  co_await pool.close();
  CHECK(now() - start == 1s);
  CHECK(world.closed == 2);
  CHECK(world.alive == 0);
}

EDDY_TEST_CASE("a member counts until its closer has ended") {
  new_world();
  world.close_time = 1s;
  Connections pool({.max_size = 1}, dial);
  pool.set_closer(say_goodbye);
  auto lease = co_await pool.acquire();
  lease.discard();
  const auto start = now();
  auto next = co_await pool.acquire();
  CHECK(now() - start == 1s);
  CHECK(next->id == 2);
  next.release();
  co_await pool.close();
}

EDDY_TEST_CASE("an expired member is closed without anybody waiting for it") {
  new_world();
  world.close_time = 5s;
  Connections pool({.idle_timeout = 10s}, dial);
  pool.set_closer(say_goodbye);
  { const auto lease = co_await pool.acquire(); }
  co_await eddy::sleep(12s);
  const auto start = now();
  auto lease = co_await pool.acquire();
  CHECK(now() == start);
  CHECK(lease->id == 2);
  lease.release();
  co_await eddy::sleep(5s);
  CHECK(world.closed == 1);
  co_await pool.close();
  CHECK(world.closed == 2);
}

EDDY_TEST_CASE("a closer may take its member by value") {
  new_world();
  Connections pool(dial);
  pool.set_closer([](Connection connection) -> eddy::Task<> {
    world.closed += connection.id;
    co_return;
  });
  { const auto lease = co_await pool.acquire(); }
  co_await pool.close();
  CHECK(world.closed == 1);
}

EDDY_TEST_CASE("what a closer throws goes to the exception handler, and the member is gone") {
  new_world();
  Connections pool(dial);
  pool.set_closer(say_goodbye);
  {
    auto lease = co_await pool.acquire();
    lease->healthy = false;
  }
  co_await pool.close();
  const auto reports = take_reports();
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].find("the closer of a pool's member threw an exception") != std::string::npos);
  CHECK(reports[0].find("goodbye failed") != std::string::npos);
  CHECK(world.alive == 0);
}

EDDY_LOOP_TEST_CASE("a member that is idle when the loop ends is closed politely, in no time on a virtual clock") {
  new_world();
  world.close_time = 1h;
  const auto begin = std::chrono::steady_clock::now();
  run_virtual([]() -> eddy::Task<> {
    static std::optional<Connections> pool;
    static Log log;
    pool.emplace(dial);
    pool->set_closer(say_goodbye);
    co_await use(*pool, log, "a", 1s);
  });
  CHECK(std::chrono::steady_clock::now() - begin < 3s);
  CHECK(world.closed == 1);
  CHECK(world.alive == 0);
}

EDDY_LOOP_TEST_CASE("a member that is discarded while the loop ends is still closed politely") {
  new_world();
  world.close_time = 1s;
  run_virtual([]() -> eddy::Task<> {
    static std::optional<Connections> pool;
    static Log log;
    pool.emplace(dial);
    pool->set_closer(say_goodbye);
    eddy::create_task(use(*pool, log, "a", 1h));
    co_await eddy::sleep(1s);
  });
  CHECK(world.closed == 1);
  CHECK(world.alive == 0);
}
