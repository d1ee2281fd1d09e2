// Condition: who is woken, and that the lock is held whenever a wait ends.
//
// SPDX-License-Identifier: MIT
#include <eddy/sync/condition.hpp>

#include "support/run.hpp"

#include <deque>
#include <optional>
#include <stop_token>

using namespace test;

namespace {

using Log = std::vector<std::string>;

// Says when its scope ends whether the lock was held then, and by whom it is left.
struct HeldAtExit {
  HeldAtExit(eddy::Condition& watched, Log& target, std::string who)
      : condition(watched), log(target), name(std::move(who)) {}
  HeldAtExit(const HeldAtExit&) = delete;
  HeldAtExit& operator=(const HeldAtExit&) = delete;
  ~HeldAtExit() { log.push_back(name + (condition.locked() ? " leaves with the lock" : " leaves without the lock")); }
  eddy::Condition& condition;
  Log& log;
  std::string name;
};

// Waits once under the lock, and says what happens.
eddy::Task<> waiter(eddy::Condition& condition, Log& log, std::string name) {
  const auto guard = co_await condition.scoped();
  const HeldAtExit leaves(condition, log, name);
  co_await condition.wait();
  log.push_back(name + " woken");
}

eddy::Task<> notifier(eddy::Condition& condition, std::size_t count = 1) {
  const auto guard = co_await condition.scoped();
  condition.notify(count);
}

eddy::Task<> hold(eddy::Condition& condition, Log& log, std::string name, std::chrono::nanoseconds time) {
  const auto guard = co_await condition.scoped();
  log.push_back(name + " holds");
  co_await eddy::sleep(time);
  log.push_back(name + " releases");
}

}  // namespace

EDDY_TEST_CASE("wait releases the lock, and holds it again when it returns", "[c247]") {
  eddy::Condition condition;
  Log log;
  auto a = eddy::create_task(waiter(condition, log, "a"));
  co_await test::settle();
  CHECK_FALSE(condition.locked());
  {
    const auto guard = co_await condition.scoped();
    condition.notify();
    co_await eddy::sleep(1s);
    CHECK(log.empty());  // notified, but the lock is not free
  }
  CHECK(condition.locked());  // handed over
  co_await a;
  CHECK(log == Log{"a woken", "a leaves with the lock"});
  CHECK_FALSE(condition.locked());
}

EDDY_TEST_CASE("a condition can be acquired and released without a guard") {
  eddy::Condition condition;
  co_await condition.acquire();
  CHECK(condition.locked());
  condition.release();
  CHECK_FALSE(condition.locked());
}

EDDY_TEST_CASE("two conditions may share a lock", "[c247]") {
  eddy::Lock lock;
  eddy::Condition not_empty(lock);
  eddy::Condition not_full(lock);
  std::deque<int> items;
  std::vector<int> taken;
  auto consumer = eddy::create_task(
      [](eddy::Condition& filled, eddy::Condition& drained, std::deque<int>& queue,
         std::vector<int>& out) -> eddy::Task<> {
        for (int i = 0; i < 5; ++i) {
          const auto guard = co_await filled.scoped();
          co_await filled.wait_for([&queue] { return !queue.empty(); });
          out.push_back(queue.front());
          queue.pop_front();
          drained.notify();
        }
      },
      std::ref(not_empty), std::ref(not_full), std::ref(items), std::ref(taken));
  for (int i = 0; i < 5; ++i) {
    const auto guard = co_await lock.scoped();
    co_await not_full.wait_for([&items] { return items.empty(); });
    items.push_back(i);
    not_empty.notify();
  }
  co_await consumer;
  CHECK(taken == std::vector<int>{0, 1, 2, 3, 4});
  CHECK_FALSE(lock.locked());
}

EDDY_TEST_CASE("wait, notify and release without the lock are errors and change nothing", "[c247]") {
  eddy::Condition condition;
  bool refused = false;
  try {
    co_await condition.wait();
  } catch (const eddy::LockNotHeldError& error) {
    refused = true;
    CHECK_THAT(error.what(), Catch::StartsWith("eddy: wait: nobody holds this lock (in task "));
  }
  CHECK(refused);
  CHECK_THROWS_AS(condition.notify(), eddy::LockNotHeldError);
  CHECK_THROWS_AS(condition.notify_all(), eddy::LockNotHeldError);
  CHECK_THROWS_AS(condition.release(), eddy::LockNotHeldError);
  CHECK_FALSE(condition.locked());
  Log log;
  auto a = eddy::create_task(waiter(condition, log, "a"));
  co_await test::settle();
  CHECK_THROWS_AS(condition.notify(), eddy::LockNotHeldError);
  co_await notifier(condition);
  co_await a;
  CHECK(log == Log{"a woken", "a leaves with the lock"});
}

EDDY_TEST_CASE("in debug mode waiting and notifying need one's own hold of the lock", "[c216]") {
  eddy::get_running_loop().set_debug(true);
  eddy::Condition condition;
  Log log;
  auto a = eddy::create_task(waiter(condition, log, "a"));
  auto holder = eddy::create_task(hold(condition, log, "b", 1s));
  co_await eddy::sleep(500ms);
  CHECK_THROWS_AS(condition.notify(), eddy::LockNotHeldError);
  bool refused = false;
  try {
    co_await condition.wait();
  } catch (const eddy::LockNotHeldError&) {
    refused = true;
  }
  CHECK(refused);
  co_await holder;
  co_await notifier(condition);
  co_await a;  // it owns the lock again, and its guard gives it back
  CHECK_FALSE(condition.locked());
  co_await eddy::wait_for(notifier(condition), 1s);
}

EDDY_TEST_CASE("notify wakes at most as many as were asked for, in the order of arrival", "[c254][order]") {
  eddy::Condition condition;
  Log log;
  static constexpr auto kWait = [](eddy::Condition& c, Log& lines, std::string name) -> eddy::Task<> {
    const auto guard = co_await c.scoped();
    co_await c.wait();
    lines.push_back(name);
  };
  std::vector<eddy::TaskHandle<>> tasks;
  for (const char* name : {"a", "b", "c", "d", "e", "f"})
    tasks.push_back(eddy::create_task(kWait(condition, log, name)));
  co_await eddy::sleep(1s);
  co_await notifier(condition);
  co_await eddy::sleep(1s);
  CHECK(log == Log{"a"});
  co_await notifier(condition, 0);
  co_await eddy::sleep(1s);
  CHECK(log == Log{"a"});
  co_await notifier(condition, 2);
  co_await eddy::sleep(1s);
  CHECK(log == Log{"a", "b", "c"});
  co_await condition.acquire();
  condition.notify_all();
  condition.release();
  co_await eddy::sleep(1s);
  CHECK(log == Log{"a", "b", "c", "d", "e", "f"});
  co_await notifier(condition, 1000);  // nobody waits
  CHECK_FALSE(condition.locked());
}

EDDY_TEST_CASE("a notification that nobody waits for is gone", "[c254]") {
  eddy::Condition condition;
  Log log;
  co_await notifier(condition);
  auto a = eddy::create_task(waiter(condition, log, "a"));
  co_await eddy::sleep(1s);
  CHECK(log.empty());
  a.cancel();
  co_await eddy::sleep(1s);
  CHECK(a.cancelled());
}

EDDY_TEST_CASE("a notified task stands behind those who wait for the lock already", "[c217][order]") {
  eddy::Condition condition;
  Log log;
  auto a = eddy::create_task(waiter(condition, log, "a"));
  co_await test::settle();
  {
    const auto guard = co_await condition.scoped();
    auto before = eddy::create_task(hold(condition, log, "before", 1s));
    co_await eddy::yield();
    condition.notify();
    auto after = eddy::create_task(hold(condition, log, "after", 1s));
    co_await eddy::yield();
  }
  co_await eddy::sleep(5s);
  CHECK(log ==
        Log{"before holds", "before releases", "a woken", "a leaves with the lock", "after holds", "after releases"});
}

EDDY_TEST_CASE("a true predicate returns at once, without a turn in between", "[c249]") {
  eddy::Condition condition;
  const test::TurnProbe others_ran;
  co_await condition.acquire();
  const int value = co_await condition.wait_for([] { return 7; });
  CHECK(value == 7);
  CHECK_FALSE(others_ran);
  CHECK(condition.locked());
  condition.release();
}

EDDY_TEST_CASE("wait_for asks its predicate under the lock after each notification, and gives its value", "[c249]") {
  eddy::Condition condition;
  int stock = 0;
  int asked = 0;
  auto buyer = eddy::create_task(
      [](eddy::Condition& c, int& items, int& times) -> eddy::Task<std::optional<int>> {
        const auto guard = co_await c.scoped();
        const auto enough = [&]() -> std::optional<int> {
          CHECK(c.locked());
          ++times;
          return items >= 3 ? std::optional(items) : std::nullopt;
        };
        co_return co_await c.wait_for(enough);
      },
      std::ref(condition), std::ref(stock), std::ref(asked));
  for (int i = 0; i < 4; ++i) {
    co_await eddy::sleep(1s);
    if (buyer.done()) break;
    const auto guard = co_await condition.scoped();
    ++stock;
    condition.notify();
  }
  const auto bought = co_await buyer;
  CHECK(bought == 3);
  CHECK(asked == 4);
  CHECK_FALSE(condition.locked());
}

EDDY_TEST_CASE("what the predicate throws is thrown by wait_for, with the lock held", "[c249]") {
  eddy::Condition condition;
  co_await condition.acquire();
  bool thrown = false;
  try {
    co_await condition.wait_for([]() -> bool { throw std::runtime_error("no"); });
  } catch (const std::runtime_error&) {
    thrown = true;
  }
  CHECK(thrown);
  CHECK(condition.locked());
  condition.release();
}

EDDY_TEST_CASE("a cancelled wait unwinds with the lock held, if the lock is free", "[c250]") {
  eddy::Condition condition;
  Log log;
  auto a = eddy::create_task(waiter(condition, log, "a"));
  co_await test::settle();
  a.cancel();
  CHECK(condition.locked());  // at once, so that nobody comes between
  co_await test::settle();
  CHECK(a.cancelled());
  CHECK(log == Log{"a leaves with the lock"});
  CHECK_FALSE(condition.locked());
}

EDDY_TEST_CASE("a cancelled wait first waits for a lock that is held, in its turn", "[c250][order]") {
  eddy::Condition condition;
  Log log;
  auto a = eddy::create_task(waiter(condition, log, "a"));
  co_await test::settle();
  auto b = eddy::create_task(hold(condition, log, "b", 5s));
  auto c = eddy::create_task(hold(condition, log, "c", 5s));
  co_await test::settle();
  a.cancel();
  a.cancel();
  auto d = eddy::create_task(hold(condition, log, "d", 5s));
  co_await eddy::sleep(1s);
  CHECK_FALSE(a.done());
  co_await d;
  CHECK(a.cancelled());
  CHECK(log ==
        Log{"b holds", "b releases", "c holds", "c releases", "a leaves with the lock", "d holds", "d releases"});
  CHECK_FALSE(condition.locked());
}

EDDY_TEST_CASE("a cancelled wait that waits for the lock cannot be hurried, not by a timeout either", "[c250]") {
  eddy::Condition condition;
  Log log;
  auto a = eddy::create_task(
      [](eddy::Condition& c, Log& lines) -> eddy::Task<> { co_await eddy::wait_for(waiter(c, lines, "a"), 2s); },
      std::ref(condition), std::ref(log));
  co_await test::settle();
  auto b = eddy::create_task(hold(condition, log, "b", 5s));
  co_await eddy::sleep(1s);
  a.cancel();
  co_await eddy::sleep(3s);
  CHECK_FALSE(a.done());
  co_await b;
  co_await eddy::sleep(1s);
  CHECK(a.cancelled());
  CHECK(log == Log{"b holds", "b releases", "a leaves with the lock"});
}

EDDY_TEST_CASE("a task cancelled after the notify returns with the lock, and stops where it blocks next", "[c251]") {
  eddy::Condition condition;
  Log log;
  auto a = eddy::create_task(
      [](eddy::Condition& c, Log& lines) -> eddy::Task<> {
        const auto guard = co_await c.scoped();
        const HeldAtExit leaves(c, lines, "a");
        co_await c.wait();
        lines.push_back(eddy::current_task().cancelling() == 1 ? "woken, cancel pending" : "woken");
        co_await eddy::sleep(1s);
        lines.push_back("never");
      },
      std::ref(condition), std::ref(log));
  co_await test::settle();
  {
    const auto guard = co_await condition.scoped();
    condition.notify();
    a.cancel("while it waited for the lock");
    co_await eddy::sleep(1s);
    CHECK_FALSE(a.done());
    CHECK(log.empty());
  }
  co_await test::settle();
  CHECK(a.cancelled());
  CHECK(log == Log{"woken, cancel pending", "a leaves with the lock"});
  CHECK_FALSE(condition.locked());
}

EDDY_TEST_CASE("a task cancelled after it got the lock returns with the lock", "[c251]") {
  eddy::Condition condition;
  Log log;
  auto a = eddy::create_task(waiter(condition, log, "a"));
  co_await test::settle();
  co_await notifier(condition);
  CHECK(condition.locked());  // a has it, but has not run
  a.cancel();
  co_await a;  // nothing in it blocks any more
  CHECK_FALSE(a.cancelled());
  CHECK(log == Log{"a woken", "a leaves with the lock"});
  CHECK_FALSE(condition.locked());
}

EDDY_TEST_CASE("a wait with a cancel in force stops at once, and never gives up the lock", "[c250]") {
  eddy::Condition condition;
  Log log;
  auto a = eddy::create_task(
      [](eddy::Condition& c, Log& lines) -> eddy::Task<> {
        const auto guard = co_await c.scoped();
        const HeldAtExit leaves(c, lines, "a");
        eddy::current_task().cancel();
        co_await c.wait();
        lines.push_back("never");
      },
      std::ref(condition), std::ref(log));
  co_await eddy::sleep(1s);
  CHECK(a.cancelled());
  CHECK(log == Log{"a leaves with the lock"});
  CHECK_FALSE(condition.locked());
}

EDDY_TEST_CASE("a waiter cancelled before the notify takes no notification from the others", "[c252]") {
  eddy::Condition condition;
  Log log;
  auto a = eddy::create_task(waiter(condition, log, "a"));
  auto b = eddy::create_task(waiter(condition, log, "b"));
  co_await eddy::sleep(1s);
  {
    const auto guard = co_await condition.scoped();
    a.cancel();
    condition.notify();  // in the same turn
  }
  co_await b;
  CHECK(a.cancelled());
  CHECK(log == Log{"a leaves with the lock", "b woken", "b leaves with the lock"});
}

EDDY_TEST_CASE("a waiter cancelled in the turn of the notify has the notification, and can act on it",
               "[c252][c242][order]") {
  static constexpr auto kConsume = [](eddy::Condition& c, int& items, int& consumed) -> eddy::Task<> {
    const auto guard = co_await c.scoped();
    co_await c.wait_for([&items] { return items > 0; });
    --items;
    ++consumed;
  };
  eddy::Condition condition;
  int items = 0;
  int consumed = 0;
  auto a = eddy::create_task(kConsume(condition, items, consumed));
  auto b = eddy::create_task(kConsume(condition, items, consumed));
  co_await eddy::sleep(1s);
  for (auto* task : {&a, &b}) {
    const auto guard = co_await condition.scoped();
    ++items;
    condition.notify();
    task->cancel();
  }
  co_await eddy::sleep(1s);
  CHECK(consumed == 2);
  CHECK(items == 0);
  CHECK_FALSE(a.cancelled());
  CHECK_FALSE(b.cancelled());
}

EDDY_TEST_CASE("a waiter that is cancelled gives its notification away if it does nothing with it", "[c252][order]") {
  // A cleanup that notifies again runs under the lock, since a cancelled wait holds it.
  struct PassOn {
    explicit PassOn(eddy::Condition& target) : condition(target) {}
    ~PassOn() { condition.notify(); }
    eddy::Condition& condition;
  };
  eddy::Condition condition;
  Log log;
  auto a = eddy::create_task(
      [](eddy::Condition& c) -> eddy::Task<> {
        const auto guard = co_await c.scoped();
        const PassOn pass_on(c);
        co_await c.wait();
        co_await eddy::sleep(1h);
      },
      std::ref(condition));
  auto b = eddy::create_task(waiter(condition, log, "b"));
  co_await eddy::sleep(1s);
  {
    const auto guard = co_await condition.scoped();
    condition.notify();
    a.cancel();
  }
  co_await b;
  CHECK(a.cancelled());
  CHECK(log == Log{"b woken", "b leaves with the lock"});
}

EDDY_TEST_CASE("waiters in the middle of the queue can be cancelled, and the rest keep their order", "[c252][order]") {
  eddy::Condition condition;
  Log log;
  std::vector<eddy::TaskHandle<>> tasks;
  static constexpr auto kWait = [](eddy::Condition& c, Log& lines, std::string name) -> eddy::Task<> {
    const auto guard = co_await c.scoped();
    co_await c.wait();
    lines.push_back(name);
  };
  for (const char* name : {"a", "b", "c", "d"}) tasks.push_back(eddy::create_task(kWait(condition, log, name)));
  co_await test::settle();
  co_await test::settle();
  tasks[1].cancel();
  tasks[2].cancel();
  co_await notifier(condition, 2);
  co_await eddy::sleep(1s);
  CHECK(log == Log{"a", "d"});
  CHECK(tasks[1].cancelled());
  CHECK(tasks[2].cancelled());
  CHECK_FALSE(condition.locked());
}

EDDY_TEST_CASE("a wait that times out holds the lock", "[c255]") {
  eddy::Condition condition;
  const auto start = now();
  const auto guard = co_await condition.scoped();
  bool timed_out = false;
  try {
    co_await eddy::wait_for(condition.wait(), 1s);
  } catch (const eddy::TimeoutError&) {
    timed_out = true;
  }
  CHECK(timed_out);
  CHECK(now() - start == 1s);
  CHECK(condition.locked());
  const auto nothing = co_await eddy::move_on_after(1s, condition.wait_for([] { return false; }));
  CHECK_FALSE(nothing.has_value());
  CHECK(condition.locked());
  CHECK_NOTHROW(condition.notify_all());
}

EDDY_TEST_CASE("a wait that times out while another task holds the lock ends when it has the lock", "[c255]") {
  eddy::Condition condition;
  Log log;
  const auto start = now();
  auto b = eddy::create_task(hold(condition, log, "b", 5s));
  {
    const auto guard = co_await condition.scoped();
    const bool notified = co_await eddy::move_on_after(1s, condition.wait());
    CHECK_FALSE(notified);
    CHECK(now() - start == 5s);
    CHECK(log == Log{"b holds", "b releases"});
    CHECK(condition.locked());
  }
  co_await b;
  CHECK_FALSE(condition.locked());
}

EDDY_TEST_CASE("a notify in the turn of the deadline is not lost", "[c255][order]") {
  eddy::Condition condition;
  auto timed = eddy::create_task(
      [](eddy::Condition& c) -> eddy::Task<bool> {
        const auto guard = co_await c.scoped();
        co_return co_await eddy::move_on_after(1s, c.wait());
      },
      std::ref(condition));
  co_await eddy::sleep(1s);  // armed before the timeout: it runs first
  co_await notifier(condition);
  const bool notified = co_await timed;
  CHECK(notified);
  CHECK_FALSE(condition.locked());
}

EDDY_TEST_CASE("a stop token can end a wait by cancelling its task", "[c256]") {
  eddy::Condition condition;
  Log log;
  std::stop_source source;
  auto a = eddy::create_task(waiter(condition, log, "a"));
  co_await test::settle();
  {
    const std::stop_callback on_stop(source.get_token(), [&] { a.cancel("stop requested"); });
    source.request_stop();
  }
  co_await test::settle();
  CHECK(a.cancelled());
  CHECK(log == Log{"a leaves with the lock"});
}

EDDY_TEST_CASE("the reason given to cancel survives the wait for the lock", "[c257]") {
  eddy::Condition condition;
  Log log;
  auto a = eddy::create_task(waiter(condition, log, "a"));
  co_await test::settle();
  auto b = eddy::create_task(hold(condition, log, "b", 1s));
  co_await test::settle();
  a.cancel("the reason");
  std::string reason;
  try {
    co_await a;
  } catch (const eddy::CancelledError& error) {
    reason = error.reason();
  }
  CHECK(reason == "the reason");
  CHECK(log == Log{"b holds", "b releases", "a leaves with the lock"});
  CHECK(b.done());
}

EDDY_LOOP_TEST_CASE("a wait deep in a chain of awaits is cancelled with the lock held", "[c250]") {
  static constexpr auto kInner = [](eddy::Condition& c, Log& log) -> eddy::Task<> {
    const HeldAtExit leaves(c, log, "inner");
    co_await c.wait_for([] { return false; });
  };
  static constexpr auto kOuter = [](eddy::Condition& c, Log& log) -> eddy::Task<> {
    const auto guard = co_await c.scoped();
    const HeldAtExit leaves(c, log, "outer");
    co_await kInner(c, log);
  };
  eddy::Condition condition;
  Log log;
  test::run_virtual([&]() -> eddy::Task<> {
    auto a = eddy::create_task(kOuter(condition, log));
    co_await test::settle();
    auto b = eddy::create_task(hold(condition, log, "b", 1s));
    co_await test::settle();
    a.cancel();
    co_await b;
    co_await test::settle();
    CHECK(a.cancelled());
  });
  CHECK(log == Log{"b holds", "b releases", "inner leaves with the lock", "outer leaves with the lock"});
  CHECK_FALSE(condition.locked());
}

EDDY_LOOP_TEST_CASE("what main leaves behind in a condition is stopped with the lock held", "[c250][order]") {
  eddy::Condition condition;
  Log log;
  run_virtual([&]() -> eddy::Task<> {
    for (int i = 0; i < 3; ++i) eddy::create_task(waiter(condition, log, "x"));
    eddy::create_task(hold(condition, log, "b", 1h));
    co_await eddy::sleep(1s);
  });
  CHECK(log == Log{"b holds", "x leaves with the lock", "x leaves with the lock", "x leaves with the lock"});
  CHECK_FALSE(condition.locked());
}

EDDY_LOOP_TEST_CASE("a holder that waits for a cancelled waiter's end is told to leave, and both end",
                    "[c250][order]") {
  eddy::Condition condition;
  Log log;
  run_virtual([&]() -> eddy::Task<> {
    static constexpr auto kJoin = [](eddy::Condition& c, Log& lines, eddy::TaskHandle<> task) -> eddy::Task<> {
      const auto guard = co_await c.scoped();
      const OnExit leaves(lines, "holder leaves");
      co_await task;
    };
    auto a = eddy::create_task(waiter(condition, log, "a"));
    co_await eddy::yield();
    eddy::create_task(kJoin(condition, log, a));
    co_await eddy::yield();
  });
  CHECK(log == Log{"holder leaves", "a leaves with the lock"});
  CHECK_FALSE(condition.locked());
}

EDDY_TEST_CASE("a million waits and notifications need no stack", "[large]") {
  static constexpr int kRounds = 250'000;
  static constexpr auto kPlay = [](eddy::Condition& c, int& turn, int mine) -> eddy::Task<> {
    const auto guard = co_await c.scoped();
    for (int i = 0; i < kRounds; ++i) {
      while (turn != mine) co_await c.wait();
      turn = 1 - mine;
      c.notify();
    }
  };
  eddy::Condition condition;
  int turn = 0;
  co_await eddy::gather(kPlay(condition, turn, 0), kPlay(condition, turn, 1));
  CHECK(turn == 0);
  CHECK_FALSE(condition.locked());
}

EDDY_TEST_CASE("a hundred thousand waiters are notified, or cancelled, without stack", "[large]") {
  static constexpr auto kWait = [](eddy::Condition& c, int& woken) -> eddy::Task<> {
    const auto guard = co_await c.scoped();
    co_await c.wait();
    ++woken;
  };
  eddy::Condition condition;
  int woken = 0;
  std::vector<eddy::TaskHandle<>> tasks;
  for (int i = 0; i < 100'000; ++i) tasks.push_back(eddy::create_task(kWait(condition, woken)));
  co_await test::settle();
  for (int i = 0; i < 100'000; i += 2) tasks[static_cast<std::size_t>(i)].cancel();
  co_await condition.acquire();
  condition.notify_all();
  condition.release();
  co_await eddy::wait(tasks);
  CHECK(woken == 50'000);
  CHECK_FALSE(condition.locked());
}
