// Tests of eddy/testing/blocked.hpp.
// SPDX-License-Identifier: MIT
#include <eddy/testing/blocked.hpp>

#include "support/run.hpp"

#include <string>
#include <vector>

using namespace std::chrono_literals;
using eddy::testing::wait_all_tasks_blocked;
using eddy::testing::run_test;

namespace {

using Log = std::vector<std::string>;

eddy::Task<> busy(Log& log, int turns) {
  for (int i = 0; i < turns; ++i) co_await eddy::yield();
  log.push_back("busy ends");
}

eddy::Task<> watcher(Log& log, std::string name) {
  co_await wait_all_tasks_blocked();
  log.push_back(name);
}

eddy::Task<> waiter(eddy::Event& event, Log& log) {
  co_await event.wait();
  log.push_back("event");
}

}  // namespace

EDDY_LOOP_TEST_CASE("wait_all_tasks_blocked goes on when every other task waits", "[testing]") {
  Log log;
  eddy::Event event;
  const auto body = [&]() -> eddy::Task<> {
    auto waits = eddy::create_task(waiter(event, log));
    auto works = eddy::create_task(busy(log, 30));
    co_await wait_all_tasks_blocked();
    CHECK(log == Log{"busy ends"});
    event.set();
    co_await wait_all_tasks_blocked();
    CHECK(log == Log{"busy ends", "event"});
    co_await waits;
    co_await works;
  };
  run_test(body);
}

EDDY_TEST_CASE("wait_all_tasks_blocked goes on at once when it is alone", "[testing]") {
  co_await wait_all_tasks_blocked();
  co_await wait_all_tasks_blocked();
  CHECK(true);  // it came here
}

EDDY_TEST_CASE("no timer fires for wait_all_tasks_blocked: who sleeps is blocked", "[testing]") {
  const auto start = test::now();
  auto nap = eddy::create_task([]() -> eddy::Task<> { co_await eddy::sleep(1ns); });
  co_await wait_all_tasks_blocked();
  CHECK(test::now() == start);
  CHECK_FALSE(nap.done());
  co_await nap;
}

EDDY_LOOP_TEST_CASE("several tasks wait in wait_all_tasks_blocked at once, and all go on", "[testing]") {
  Log log;
  const auto body = [&]() -> eddy::Task<> {
    auto works = eddy::create_task(busy(log, 20));
    co_await eddy::gather(watcher(log, "one"), watcher(log, "another"), watcher(log, "a third"));
    REQUIRE(log.size() == 4);
    CHECK(log[0] == "busy ends");
    co_await works;
  };
  run_test(body);
}

EDDY_LOOP_TEST_CASE("what the first of several watchers wakes does not hold up the others", "[testing][order]") {
  Log log;
  eddy::Event event;
  const auto body = [&]() -> eddy::Task<> {
    const auto first = [&]() -> eddy::Task<> {
      co_await wait_all_tasks_blocked();
      log.push_back("first");
      event.set();
      co_await busy(log, 10);
    };
    auto waits = eddy::create_task(waiter(event, log));
    co_await eddy::gather(first(), watcher(log, "second"));
    CHECK(log == Log{"first", "second", "event", "busy ends"});
    co_await waits;
  };
  run_test(body);
}

EDDY_LOOP_TEST_CASE("a watcher that is cancelled stops, and those that are left still go on", "[testing]") {
  Log log;
  const auto body = [&]() -> eddy::Task<> {
    auto cancelled = eddy::create_task(watcher(log, "cancelled"));
    const auto work = [&]() -> eddy::Task<> {
      while (!cancelled.done()) co_await eddy::yield();
      log.push_back("busy ends");
    };
    auto works = eddy::create_task(work());
    for (int i = 0; i < 5; ++i) co_await eddy::yield();
    cancelled.cancel();
    co_await wait_all_tasks_blocked();
    CHECK(log == Log{"busy ends"});
    CHECK(cancelled.cancelled());
    co_await works;
  };
  run_test(body);
}
