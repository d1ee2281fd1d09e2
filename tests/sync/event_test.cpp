// Event: whom set and clear wake, and what a cancel changes.
//
// SPDX-License-Identifier: MIT
#include <eddy/sync/event.hpp>

#include "support/run.hpp"

using namespace test;

namespace {

using Log = std::vector<std::string>;

eddy::Task<> waiter(eddy::Event& event, Log& log, std::string name) {
  co_await event.wait();
  log.push_back(std::move(name));
}

}  // namespace

EDDY_TEST_CASE("an event is down at first, and wait does not suspend while it is set") {
  eddy::Event event;
  CHECK_FALSE(event.is_set());
  event.set();
  event.set();
  CHECK(event.is_set());
  const test::TurnProbe others_ran;
  co_await event.wait();
  co_await event.wait();
  CHECK_FALSE(others_ran);
  event.clear();
  event.clear();
  CHECK_FALSE(event.is_set());
  co_await eddy::yield();
}

EDDY_TEST_CASE("set wakes all waiters in the order of arrival, and none inside the call", "[c246][order]") {
  eddy::Event event;
  Log log;
  auto a = eddy::create_task(waiter(event, log, "a"));
  auto b = eddy::create_task(waiter(event, log, "b"));
  auto c = eddy::create_task(waiter(event, log, "c"));
  co_await eddy::sleep(1s);
  CHECK(log.empty());
  event.set();
  CHECK(log.empty());
  co_await c;
  CHECK(log == Log{"a", "b", "c"});
}

EDDY_TEST_CASE("set and clear in one turn still wake those who waited", "[c239]") {
  eddy::Event event;
  Log log;
  auto before = eddy::create_task(waiter(event, log, "before"));
  co_await test::settle();
  event.set();
  event.clear();
  auto after = eddy::create_task(waiter(event, log, "after"));
  co_await eddy::sleep(1s);
  CHECK(log == Log{"before"});
  CHECK(before.done());
  CHECK_FALSE(after.done());
  event.set();
  co_await after;
  CHECK(log == Log{"before", "after"});
}

EDDY_TEST_CASE("a waiter that is cancelled leaves the queue and the others stay", "[c240]") {
  eddy::Event event;
  Log log;
  auto a = eddy::create_task(waiter(event, log, "a"));
  auto b = eddy::create_task(waiter(event, log, "b"));
  co_await test::settle();
  a.cancel();
  co_await test::settle();
  CHECK(a.cancelled());
  CHECK_FALSE(b.done());
  event.set();
  co_await b;
  CHECK(log == Log{"b"});
}

EDDY_TEST_CASE("a waiter that is cancelled after the set goes on, and stops where it blocks next", "[c240]") {
  eddy::Event event;
  Log log;
  auto a = eddy::create_task(
      [](eddy::Event& e, Log& lines) -> eddy::Task<> {
        co_await e.wait();
        lines.push_back("woken");
        co_await eddy::yield();
        lines.push_back("never");
      },
      std::ref(event), std::ref(log));
  co_await test::settle();
  event.set();
  a.cancel();
  co_await eddy::sleep(1s);
  CHECK(a.cancelled());
  CHECK(log == Log{"woken"});
}

EDDY_TEST_CASE("a task that is to stop passes a set event and stops at one that is not") {
  eddy::Event event;
  Log log;
  event.set();
  auto task = eddy::create_task(
      [](eddy::Event& e, Log& lines) -> eddy::Task<> {
        eddy::current_task().cancel();
        co_await e.wait();
        lines.push_back("passed");
        e.clear();
        co_await e.wait();
        lines.push_back("never");
      },
      std::ref(event), std::ref(log));
  co_await eddy::sleep(1s);
  CHECK(task.cancelled());
  CHECK(log == Log{"passed"});
  event.set();
}

EDDY_TEST_CASE("a woken waiter may set, clear and wait again", "[c244]") {
  static constexpr auto kPlay = [](eddy::Event& mine, eddy::Event& theirs, int& turns) -> eddy::Task<> {
    for (int i = 0; i < 3; ++i) {
      co_await mine.wait();
      mine.clear();
      ++turns;
      theirs.set();
    }
  };
  eddy::Event ping;
  eddy::Event pong;
  int turns = 0;
  auto a = eddy::create_task(kPlay(ping, pong, turns));
  auto b = eddy::create_task(kPlay(pong, ping, turns));
  co_await eddy::yield();
  ping.set();
  co_await b;
  CHECK(turns == 6);
  CHECK(a.done());
}

EDDY_LOOP_TEST_CASE("the destructors of a waiter that is unwound may set the event", "[c244]") {
  struct Setter {
    explicit Setter(eddy::Event& target) : event(target) {}
    ~Setter() { event.set(); }
    eddy::Event& event;
  };
  eddy::Event event;
  Log log;
  test::run_virtual([&]() -> eddy::Task<> {
    auto a = eddy::create_task(
        [](eddy::Event& e) -> eddy::Task<> {
          const Setter setter(e);
          co_await e.wait();
        },
        std::ref(event));
    auto b = eddy::create_task(waiter(event, log, "b"));
    co_await test::settle();
    a.cancel();
    co_await b;
    CHECK(a.cancelled());
  });
  CHECK(log == Log{"b"});
}

EDDY_TEST_CASE("a wait for an event can time out", "[c240]") {
  eddy::Event event;
  const auto start = now();
  const bool set = co_await eddy::move_on_after(3s, event.wait());
  CHECK_FALSE(set);
  CHECK(now() - start == 3s);
  eddy::get_running_loop().call_later(1s, [&] { event.set(); });
  co_await eddy::wait_for(event.wait(), 3s);
  CHECK(now() - start == 4s);
}

EDDY_TEST_CASE("a million waits for an event need no stack", "[large]") {
  static constexpr auto kAnswer = [](eddy::Event& ping, eddy::Event& pong) -> eddy::Task<> {
    for (int i = 0; i < 250'000; ++i) {
      co_await ping.wait();
      ping.clear();
      pong.set();
    }
  };
  eddy::Event ping;
  eddy::Event pong;
  ping.set();
  for (int i = 0; i < 500'000; ++i) co_await ping.wait();
  ping.clear();
  auto answers = eddy::create_task(kAnswer(ping, pong));
  for (int i = 0; i < 250'000; ++i) {
    ping.set();
    co_await pong.wait();
    pong.clear();
  }
  co_await answers;
  CHECK_FALSE(ping.is_set());
}

EDDY_TEST_CASE("a hundred thousand waiters of one event wake in order", "[large][order]") {
  static constexpr auto kWait = [](eddy::Event& event, int& next, int mine) -> eddy::Task<> {
    co_await event.wait();
    if (next++ != mine) FAIL("out of order");
  };
  eddy::Event event;
  int next = 0;
  std::vector<eddy::TaskHandle<>> waiters;
  for (int i = 0; i < 100'000; ++i) waiters.push_back(eddy::create_task(kWait(event, next, i)));
  co_await test::settle();
  event.set();
  co_await waiters.back();
  CHECK(next == 100'000);
}
