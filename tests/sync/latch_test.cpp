// Latch: when it opens, and that it stays open.
//
// SPDX-License-Identifier: MIT
#include <eddy/sync/latch.hpp>

#include "support/run.hpp"

using namespace test;

namespace {

using Log = std::vector<std::string>;

eddy::Task<> waiter(eddy::Latch& latch, Log& log, std::string name) {
  co_await latch.wait();
  log.push_back(std::move(name));
}

}  // namespace

EDDY_TEST_CASE("a latch opens at zero and lets the waiters go in the order of arrival", "[order]") {
  eddy::Latch latch(3);
  Log log;
  auto a = eddy::create_task(waiter(latch, log, "a"));
  auto b = eddy::create_task(waiter(latch, log, "b"));
  co_await test::settle();
  latch.count_down();
  CHECK_FALSE(latch.try_wait());
  co_await test::settle();
  CHECK(log.empty());
  latch.count_down(2);
  CHECK(latch.try_wait());
  CHECK(log.empty());  // nobody runs inside the call
  co_await b;
  CHECK(log == Log{"a", "b"});
  CHECK(a.done());
  co_await latch.wait();
  co_await latch.wait();
}

EDDY_TEST_CASE("counting down past zero is harmless", "[c265]") {
  eddy::Latch latch(1);
  latch.count_down(5);
  CHECK(latch.try_wait());
  co_await latch.wait();
  latch.count_down();
  latch.count_down(static_cast<std::size_t>(-1));
  CHECK(latch.try_wait());
  co_await latch.wait();
  co_await latch.arrive_and_wait(3);
  CHECK(latch.try_wait());
}

EDDY_TEST_CASE("a latch of zero is open, and counting down by nothing changes nothing", "[c264]") {
  eddy::Latch open(0);
  CHECK(open.try_wait());
  const test::TurnProbe others_ran;
  co_await open.wait();
  co_await open.arrive_and_wait();
  CHECK_FALSE(others_ran);
  eddy::Latch latch(1);
  latch.count_down(0);
  CHECK_FALSE(latch.try_wait());
  co_await eddy::yield();
}

EDDY_TEST_CASE("arrive_and_wait counts when it is awaited, and the last to arrive does not suspend", "[order]") {
  static constexpr auto kArrive = [](eddy::Latch& latch, Log& log, std::string name) -> eddy::Task<> {
    co_await latch.arrive_and_wait();
    log.push_back(std::move(name));
  };
  eddy::Latch latch(3);
  Log log;
  { [[maybe_unused]] auto unawaited = latch.arrive_and_wait(3); }
  CHECK_FALSE(latch.try_wait());
  co_await eddy::gather(kArrive(latch, log, "a"), kArrive(latch, log, "b"), kArrive(latch, log, "c"));
  CHECK(log == Log{"c", "a", "b"});
}

EDDY_TEST_CASE("a waiter of a latch that is cancelled leaves, and what it counted stays counted") {
  static constexpr auto kArrive = [](eddy::Latch& latch) -> eddy::Task<> { co_await latch.arrive_and_wait(); };
  eddy::Latch latch(2);
  Log log;
  auto a = eddy::create_task(kArrive(latch));
  auto b = eddy::create_task(waiter(latch, log, "b"));
  co_await test::settle();
  a.cancel();
  co_await test::settle();
  CHECK(a.cancelled());
  CHECK_FALSE(latch.try_wait());
  latch.count_down();
  co_await b;
  CHECK(log == Log{"b"});
}

EDDY_TEST_CASE("a waiter cancelled after the latch opened goes on") {
  eddy::Latch latch(1);
  Log log;
  auto a = eddy::create_task(waiter(latch, log, "a"));
  co_await test::settle();
  latch.count_down();
  a.cancel();
  co_await a;
  CHECK(log == Log{"a"});
}

EDDY_TEST_CASE("a wait for a latch can time out") {
  eddy::Latch latch(1);
  const auto start = now();
  const bool open = co_await eddy::move_on_after(2s, latch.wait());
  CHECK_FALSE(open);
  CHECK(now() - start == 2s);
  latch.count_down();
  co_await eddy::wait_for(latch.wait(), 2s);
}

EDDY_TEST_CASE("a latch of a million needs no stack, with a hundred thousand waiters", "[large][order]") {
  static constexpr auto kWait = [](eddy::Latch& latch, int& next, int mine) -> eddy::Task<> {
    co_await latch.wait();
    if (next++ != mine) FAIL("out of order");
  };
  eddy::Latch latch(1'000'000);
  int next = 0;
  std::vector<eddy::TaskHandle<>> waiters;
  for (int i = 0; i < 100'000; ++i) waiters.push_back(eddy::create_task(kWait(latch, next, i)));
  co_await test::settle();
  for (int i = 0; i < 1'000'000; ++i) latch.count_down();
  co_await waiters.back();
  CHECK(next == 100'000);
  for (int i = 0; i < 1'000'000; ++i) co_await latch.wait();
}
