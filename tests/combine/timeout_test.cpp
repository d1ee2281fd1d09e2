// timeout and timeout_at: expiry, results at the deadline, nesting, rescheduling, and cancels that meet a deadline.
//
// SPDX-License-Identifier: MIT
#include "support/work.hpp"

#include <limits>
#include <memory>
#include <optional>

using namespace test;

namespace {

eddy::Task<int> at_once(int value) { co_return value; }

}  // namespace

EDDY_TEST_CASE("an expired timeout stops its body and throws TimeoutError", "[c157]") {
  std::vector<std::string> log;
  bool expired = false;
  auto body = [&](eddy::Timeout& limit) -> eddy::Task<> {
    struct AtEnd {
      eddy::Timeout& timeout;
      bool& seen;
      ~AtEnd() { seen = timeout.expired(); }
    } at_end{limit, expired};
    const OnExit exit(log, "body gone");
    co_await eddy::sleep(1h);
    log.push_back("not reached");
  };
  const auto start = now();
  const std::string how = co_await ending_by_kind(eddy::timeout(5s, body));
  CHECK(how == "TimeoutError");
  CHECK(expired);
  CHECK(now() - start == 5s);
  const std::vector<std::string> expected{"body gone"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("a timeout takes a task, a handle, a future, a function and any other awaitable") {
  const int from_task = co_await eddy::timeout(5s, after(1s, 1));
  CHECK(from_task == 1);
  const auto handle = eddy::create_task(after(1s, 2));
  const int from_handle = co_await eddy::timeout(5s, handle);
  CHECK(from_handle == 2);
  const int from_temporary = co_await eddy::timeout(5s, eddy::create_task(after(1s, 3)));
  CHECK(from_temporary == 3);
  const auto future = eddy::get_running_loop().create_future<int>();
  eddy::get_running_loop().call_later(1s, [future] { future.set_result(4); });
  const int from_future = co_await eddy::timeout(5s, future);
  CHECK(from_future == 4);
  const int from_function = co_await eddy::timeout(5s, at_once, 5);
  CHECK(from_function == 5);
  const auto [a, b] = co_await eddy::timeout(5s, eddy::gather(after(1s, 6), after(2s, 7)));
  CHECK(a + b == 13);
  const std::string how = co_await ending_by_kind(eddy::timeout(1s, eddy::sleep(2s)));
  CHECK(how == "TimeoutError");
}

EDDY_TEST_CASE("the value of a future that nobody else holds outlives a timeout around it") {
  auto soon = [] {
    const auto future = eddy::get_running_loop().create_future<std::string>();
    eddy::get_running_loop().call_later(1s, [future] { future.set_result("a text too long for the small buffer"); });
    return future;
  };
  const std::string value = co_await eddy::timeout(5s, soon());
  CHECK(value == "a text too long for the small buffer");
}

EDDY_TEST_CASE("a body function is given its further arguments, after the Timeout if it takes one") {
  auto add = [](int a, std::string b) -> eddy::Task<std::string> {
    co_await eddy::yield();
    co_return std::to_string(a) + b;
  };
  const std::string plain = co_await eddy::timeout(1s, add, 1, std::string("x"));
  CHECK(plain == "1x");
  auto with_limit = [](eddy::Timeout& limit, int a) -> eddy::Task<bool> {
    co_await eddy::yield();
    co_return limit.when() && a == 7 && !limit.expired();
  };
  const bool right = co_await eddy::timeout(1s, with_limit, 7);
  CHECK(right);
}

EDDY_TEST_CASE("a timeout passes move-only, reference and void results through") {
  auto boxed = []() -> eddy::Task<std::unique_ptr<int>> {
    co_await eddy::yield();
    co_return std::make_unique<int>(3);
  };
  const std::unique_ptr<int> box = co_await eddy::timeout(1s, boxed());
  REQUIRE(box);
  CHECK(*box == 3);
  int x = 0;
  auto reference = [&]() -> eddy::Task<int&> {
    co_await eddy::yield();
    co_return x;
  };
  int& same = co_await eddy::timeout(1s, reference());
  CHECK(&same == &x);
  auto nothing = eddy::timeout(1s, nap(1ms));
  static_assert(std::is_void_v<decltype(nothing.await_resume())>);
  co_await nothing;
}

EDDY_LOOP_TEST_CASE("a body runs in its caller's task: current_task and ContextVar are the caller's") {
  static eddy::ContextVar<int> setting("setting", 0);
  run_virtual([]() -> eddy::Task<> {
    setting.set(1);
    bool same = false;
    int inherited = 0;
    const eddy::TaskRef caller = eddy::current_task();
    auto body = [&]() -> eddy::Task<> {
      same = eddy::current_task() == caller;
      inherited = setting.get();
      setting.set(2);
      co_await eddy::sleep(1s);
      same = same && eddy::current_task() == caller;
    };
    co_await eddy::timeout(5s, body());
    CHECK(same);
    CHECK(inherited == 1);
    CHECK(setting.get() == 2);
    std::size_t tasks = 0;
    auto count = [&]() -> eddy::Task<> {
      tasks = eddy::all_tasks().size();
      co_return;
    };
    co_await eddy::timeout(5s, count());
    CHECK(tasks == 1);
  });
}

EDDY_TEST_CASE("a timeout of nullopt never expires", "[c160]") {
  std::optional<std::optional<eddy::TimePoint>> when;
  auto body = [&](eddy::Timeout& limit) -> eddy::Task<int> {
    when = limit.when();
    co_await eddy::sleep(std::chrono::hours(24 * 365));
    co_return 1;
  };
  const int value = co_await eddy::timeout(std::nullopt, body);
  CHECK(value == 1);
  REQUIRE(when);
  CHECK_FALSE(*when);
  const std::optional<std::chrono::seconds> none;
  const int again = co_await eddy::timeout(none, after(1h, 2));
  CHECK(again == 2);
  const int third = co_await eddy::timeout_at(std::nullopt, after(1h, 3));
  CHECK(third == 3);
}

EDDY_TEST_CASE("timeout_at expires at a point of the loop's clock", "[c157]") {
  const auto start = now();
  std::optional<eddy::TimePoint> when;
  auto body = [&](eddy::Timeout& limit) -> eddy::Task<> {
    when = limit.when();
    co_await eddy::sleep(1h);
  };
  const std::string how = co_await ending_by_kind(eddy::timeout_at(start + 3s, body));
  CHECK(how == "TimeoutError");
  CHECK(now() - start == 3s);
  CHECK(when == start + 3s);
  const int value = co_await eddy::timeout_at(now() + 3s, after(1s, 4));
  CHECK(value == 4);
}

EDDY_TEST_CASE("timeout(0) starts the body and stops it at its first blocking suspension", "[c161]") {
  for (const auto limit : {0s, -5s}) {
    std::vector<std::string> log;
    auto body = [&]() -> eddy::Task<> {
      const OnExit exit(log, "body gone");
      log.push_back("body starts");
      co_await eddy::yield();
      log.push_back("not reached");
    };
    const auto start = now();
    const std::string how = co_await ending_by_kind(eddy::timeout(limit, body()));
    CHECK(how == "TimeoutError");
    const std::vector<std::string> expected{"body starts", "body gone"};
    CHECK(log == expected);
    CHECK(now() - start == 0s);
  }
}

EDDY_TEST_CASE("timeout(0) gives the value of a body that does not block", "[c161]") {
  auto body = []() -> eddy::Task<int> {
    const int value = co_await at_once(20);
    co_return value + 1;
  };
  const int value = co_await eddy::timeout(0s, body());
  CHECK(value == 21);
  eddy::Semaphore free(1);
  co_await eddy::timeout(0s, free.acquire());
  CHECK(free.value() == 0);
  const std::string how = co_await ending_by_kind(eddy::timeout(0s, free.acquire()));
  CHECK(how == "TimeoutError");
}

EDDY_TEST_CASE("timeout(0) passes on the error of a body that fails at once", "[c161]") {
  auto body = []() -> eddy::Task<> {
    throw std::runtime_error("bad");
    co_return;
  };
  const std::string how = co_await ending_by_kind(eddy::timeout(0s, body()));
  CHECK(how == "bad");
}

EDDY_TEST_CASE("timeout_at with a point that has passed stops a body even at sleep(0)", "[c161]") {
  co_await eddy::sleep(1s);
  bool expired = false;
  auto body = [&](eddy::Timeout& limit) -> eddy::Task<> {
    expired = limit.expired();
    co_await eddy::sleep(0s);
  };
  const std::string how = co_await ending_by_kind(eddy::timeout_at(now() - 1s, body));
  CHECK(how == "TimeoutError");
  CHECK(expired);
  const std::string now_is_late = co_await ending_by_kind(eddy::timeout_at(now(), nap(0s)));
  CHECK(now_is_late == "TimeoutError");
}

EDDY_LOOP_TEST_CASE("a body that ends before the deadline takes the timer with it", "[c162]") {
  eddy::testing::VirtualClock clock;
  run_virtual(
      []() -> eddy::Task<> {
        const int value = co_await eddy::timeout(1h, after(1s, 1));
        CHECK(value == 1);
        const std::string how = co_await ending_by_kind(eddy::timeout(1h, fail_after<int>(1s, "bad")));
        CHECK(how == "bad");
        auto work = []() -> eddy::Task<> { co_await eddy::timeout(1h, nap(2h)); };
        auto cancelled = eddy::create_task(work());
        co_await eddy::sleep(1s);
        cancelled.cancel();
        const std::string end = co_await ending_by_kind(cancelled);
        CHECK(end == "CancelledError ");
        // Nothing is left that could fire: the clock has nowhere to jump to.
        auto never = eddy::create_task(ending_by_kind(eddy::get_running_loop().create_future<int>()));
        co_await eddy::sleep(2h);
        CHECK_FALSE(never.done());
      },
      clock);
  CHECK(clock.elapsed() == 2h + 3s);
}

EDDY_LOOP_TEST_CASE("with no timer left a program that waits for ever is a deadlock, also after timeouts", "[c162]") {
  eddy::testing::VirtualClock clock;
  auto program = []() -> eddy::Task<> {
    const int value = co_await eddy::timeout(1h, at_once(1));
    CHECK(value == 1);
    const auto never = eddy::get_running_loop().create_future<int>();
    (void)co_await never;
  };
  CHECK_THROWS_AS(run_virtual(program, clock), eddy::DeadlockError);
  CHECK(clock.elapsed() == 0s);
}

EDDY_TEST_CASE("an error that a cleanup throws while the timeout expires is delivered instead of TimeoutError",
               "[c164]") {
  auto bad_cleanup = []() -> eddy::Task<> {
    co_await eddy::sleep(1s);
    throw std::runtime_error("cleanup");
  };
  const auto start = now();
  const std::string how = co_await ending_by_kind(eddy::timeout(2s, eddy::try_finally(nap(1h), bad_cleanup())));
  CHECK(how == "cleanup");
  CHECK(now() - start == 3s);
  co_await eddy::sleep(1s);
}

EDDY_TEST_CASE("a body's own error before the deadline passes through", "[c164]") {
  const std::string how = co_await ending_by_kind(eddy::timeout(2s, fail_after<int>(1s, "bad")));
  CHECK(how == "bad");
}

EDDY_TEST_CASE("a TimeoutError that the body throws itself passes through like any error") {
  auto body = []() -> eddy::Task<> {
    co_await eddy::sleep(1s);
    throw eddy::TimeoutError("mine");
  };
  std::string what;
  const auto start = now();
  try {
    co_await eddy::timeout(5s, body());
  } catch (const eddy::TimeoutError& error) {
    what = error.what();
  }
  CHECK(what == "mine");
  CHECK(now() - start == 1s);
}

EDDY_TEST_CASE("a cancel before the expiry stays a cancel", "[c165]") {
  bool caught = false;
  auto work = [&]() -> eddy::Task<> {
    try {
      co_await eddy::timeout(5s, nap(1h));
    } catch (const eddy::TimeoutError&) {
      caught = true;
    }
  };
  auto handle = eddy::create_task(work());
  co_await eddy::sleep(1s);
  const auto start = now();
  handle.cancel("reason");
  const std::string how = co_await ending_by_kind(handle);
  CHECK(how == "CancelledError reason");
  CHECK(handle.cancelled());
  CHECK_FALSE(caught);
  CHECK(now() - start == 0s);
}

EDDY_TEST_CASE("awaiting somebody else's cancelled task inside a timeout gives CancelledError, not TimeoutError",
               "[c165]") {
  auto victim = eddy::create_task(nap(1h));
  eddy::get_running_loop().call_later(1s, [&] { victim.cancel("other"); });
  const std::string how = co_await ending_by_kind(eddy::timeout(5s, victim));
  CHECK(how == "CancelledError other");
}

EDDY_TEST_CASE("the caller goes on undisturbed after it has handled its TimeoutError", "[c166]") {
  const std::string how = co_await ending_by_kind(eddy::timeout(1s, nap(1h)));
  CHECK(how == "TimeoutError");
  CHECK(eddy::current_task().cancelling() == 0);
  const auto start = now();
  co_await eddy::sleep(5s);
  const int value = co_await eddy::timeout(1s, at_once(1));
  CHECK(value == 1);
  CHECK(now() - start == 5s);
}

EDDY_TEST_CASE("an expiry is not counted by cancelling(), neither in the body's cleanup nor afterwards", "[c166]") {
  std::size_t during = 99;
  auto cleanup = [&]() -> eddy::Task<> {
    during = eddy::current_task().cancelling();
    co_return;
  };
  const std::string how = co_await ending_by_kind(eddy::timeout(1s, eddy::try_finally(nap(1h), cleanup())));
  CHECK(how == "TimeoutError");
  CHECK(during == 0);
  CHECK(eddy::current_task().cancelling() == 0);
}

EDDY_TEST_CASE("reschedule moves the deadline to later", "[c167]") {
  const auto start = now();
  auto body = [&](eddy::Timeout& limit) -> eddy::Task<int> {
    CHECK(limit.when() == start + 2s);
    limit.reschedule(start + 10s);
    CHECK(limit.when() == start + 10s);
    CHECK_FALSE(limit.expired());
    co_await eddy::sleep(5s);
    co_return 1;
  };
  const int value = co_await eddy::timeout(2s, body);
  CHECK(value == 1);
  CHECK(now() - start == 5s);
}

EDDY_TEST_CASE("reschedule moves the deadline to earlier", "[c167]") {
  const auto start = now();
  auto body = [&](eddy::Timeout& limit) -> eddy::Task<> {
    co_await eddy::sleep(1s);
    limit.reschedule(start + 3s);
    co_await eddy::sleep(1h);
  };
  const std::string how = co_await ending_by_kind(eddy::timeout(1min, body));
  CHECK(how == "TimeoutError");
  CHECK(now() - start == 3s);
}

EDDY_TEST_CASE("reschedule to nullopt takes the deadline away, and a timeout without one can be given one", "[c167]") {
  auto without = [](eddy::Timeout& limit) -> eddy::Task<int> {
    limit.reschedule(std::nullopt);
    CHECK_FALSE(limit.when());
    co_await eddy::sleep(1h);
    co_return 1;
  };
  const int value = co_await eddy::timeout(2s, without);
  CHECK(value == 1);
  const auto start = now();
  auto with = [&](eddy::Timeout& limit) -> eddy::Task<> {
    co_await eddy::sleep(1s);
    limit.reschedule(start + 4s);
    co_await eddy::sleep(1h);
  };
  const std::string how = co_await ending_by_kind(eddy::timeout(std::nullopt, with));
  CHECK(how == "TimeoutError");
  CHECK(now() - start == 4s);
}

EDDY_TEST_CASE("reschedule to a point that has passed stops the body at its next blocking suspension", "[c167]") {
  co_await eddy::sleep(10s);
  const auto start = now();
  bool went_on = false;
  auto body = [&](eddy::Timeout& limit) -> eddy::Task<> {
    limit.reschedule(start - 5s);
    went_on = true;
    co_await eddy::sleep(1s);
  };
  const std::string how = co_await ending_by_kind(eddy::timeout(1min, body));
  CHECK(how == "TimeoutError");
  CHECK(went_on);
  CHECK(now() - start == 0s);
}

EDDY_TEST_CASE("another task can reschedule a timeout while its body waits", "[c167]") {
  const auto start = now();
  eddy::Timeout* shared = nullptr;
  auto body = [&](eddy::Timeout& limit) -> eddy::Task<> {
    shared = &limit;
    co_await eddy::sleep(1h);
  };
  auto mover = [&]() -> eddy::Task<> {
    for (int i = 1; i <= 5; ++i) {
      co_await eddy::sleep(1s);
      shared->reschedule(now() + 2s);
    }
  };
  const auto handle = eddy::create_task(mover());
  const std::string how = co_await ending_by_kind(eddy::timeout(2s, body));
  CHECK(how == "TimeoutError");
  CHECK(now() - start == 7s);
  CHECK(handle.done());
}

EDDY_TEST_CASE("reschedule of a timeout that has expired throws InvalidStateError", "[c167]") {
  bool refused = false;
  eddy::Timeout* limit = nullptr;
  auto work = [&](eddy::Timeout& own) -> eddy::Task<> {
    limit = &own;
    auto cleanup = [&]() -> eddy::Task<> {
      CHECK(limit->expired());
      CHECK_THROWS_WITH(limit->reschedule(now() + 1s), Catch::StartsWith("eddy: the timeout has expired already (in task "));
      refused = true;
      co_return;
    };
    co_await eddy::try_finally(nap(1h), cleanup());
  };
  const std::string how = co_await ending_by_kind(eddy::timeout(1s, work));
  CHECK(how == "TimeoutError");
  CHECK(refused);
}

EDDY_TEST_CASE("when the outer timeout expires first, only the outer one converts", "[c159]") {
  std::string inner;
  auto body = [&]() -> eddy::Task<> {
    inner = co_await ending_by_kind(eddy::timeout(10s, nap(1h)));
    inner += " not reached";
  };
  const auto start = now();
  const std::string outer = co_await ending_by_kind(eddy::timeout(5s, body()));
  CHECK(outer == "TimeoutError");
  CHECK(inner.empty());
  CHECK(now() - start == 5s);
}

EDDY_TEST_CASE("when the inner timeout expires first, the outer body may handle it and go on", "[c159]") {
  std::string inner;
  auto body = [&]() -> eddy::Task<int> {
    inner = co_await ending_by_kind(eddy::timeout(2s, nap(1h)));
    co_await eddy::sleep(1s);
    co_return 1;
  };
  const auto start = now();
  const int value = co_await eddy::timeout(5s, body());
  CHECK(value == 1);
  CHECK(inner == "TimeoutError");
  CHECK(now() - start == 3s);
}

EDDY_TEST_CASE("when nested timeouts expire at the same moment, the outer one wins", "[c159][order]") {
  bool inner_threw = false;
  auto body = [&]() -> eddy::Task<> {
    try {
      co_await eddy::timeout(5s, nap(1h));
    } catch (const eddy::TimeoutError&) {
      inner_threw = true;
    }
    co_await eddy::sleep(1h);
  };
  const auto start = now();
  const std::string outer = co_await ending_by_kind(eddy::timeout(5s, body()));
  CHECK(outer == "TimeoutError");
  CHECK_FALSE(inner_threw);
  CHECK(now() - start == 5s);
}

EDDY_TEST_CASE(
    "the outer timeout expires while the inner one's cleanup is busy: it wins after the inner one is through",
    "[c159]") {
  std::vector<std::string> log;
  auto cleanup = [&]() -> eddy::Task<> {
    co_await eddy::sleep(5s);
    log.push_back("cleaned up");
  };
  auto body = [&]() -> eddy::Task<> {
    co_await eddy::timeout(1s, eddy::try_finally(nap(1h), cleanup()));
    log.push_back("not reached");
  };
  const auto start = now();
  const std::string outer = co_await ending_by_kind(eddy::timeout(3s, body()));
  CHECK(outer == "TimeoutError");
  CHECK(now() - start == 6s);
  const std::vector<std::string> expected{"cleaned up"};
  CHECK(log == expected);
}

EDDY_LOOP_TEST_CASE("the outer timeout expires while the inner body keeps the loop busy: only the outer one throws",
                    "[c159][order]") {
  eddy::testing::VirtualClock clock;
  run_virtual(
      [&]() -> eddy::Task<> {
        bool inner_threw = false;
        auto body = [&]() -> eddy::Task<> {
          auto busy = [&]() -> eddy::Task<> {
            co_await eddy::yield();
            clock.advance(10s);  // both deadlines pass while this runs
            co_await eddy::sleep(1h);
          };
          try {
            co_await eddy::timeout(2s, busy());
          } catch (const eddy::TimeoutError&) {
            inner_threw = true;
            throw;
          }
        };
        const std::string outer = co_await ending_by_kind(eddy::timeout(3s, body()));
        CHECK(outer == "TimeoutError");
        CHECK_FALSE(inner_threw);  // although the inner deadline is the earlier one
      },
      clock);
}

EDDY_TEST_CASE("a timeout works inside the cleanup of an expired timeout", "[c169]") {
  std::string inner;
  auto cleanup = [&]() -> eddy::Task<> { inner = co_await ending_by_kind(eddy::timeout(2s, nap(1h))); };
  const auto start = now();
  const std::string outer = co_await ending_by_kind(eddy::timeout(1s, eddy::try_finally(nap(1h), cleanup())));
  CHECK(outer == "TimeoutError");
  CHECK(inner == "TimeoutError");
  CHECK(now() - start == 3s);
}

EDDY_TEST_CASE("a timeout works in the cleanup of a cancelled task, where the cancel is masked", "[c170]") {
  std::string inner;
  auto cleanup = [&]() -> eddy::Task<> {
    CHECK(eddy::current_task().cancelling() == 1);
    inner = co_await ending_by_kind(eddy::timeout(2s, nap(1h)));
    co_await eddy::sleep(1s);
    inner += " and on";
  };
  auto work = [&]() -> eddy::Task<> { co_await eddy::try_finally(nap(1h), cleanup()); };
  auto handle = eddy::create_task(work());
  co_await eddy::sleep(1s);
  const auto start = now();
  handle.cancel();
  const std::string how = co_await ending_by_kind(handle);
  CHECK(how == "CancelledError ");
  CHECK(inner == "TimeoutError and on");
  CHECK(now() - start == 3s);
}

EDDY_TEST_CASE("a task that is cancelled again in a timeout of its cleanup stays cancelled, and the cleanup is not cut",
               "[c171]") {
  std::string inner;
  auto cleanup = [&]() -> eddy::Task<> { inner = co_await ending_by_kind(eddy::timeout(5s, nap(2s))); };
  auto work = [&]() -> eddy::Task<> { co_await eddy::try_finally(nap(1h), cleanup()); };
  auto handle = eddy::create_task(work());
  co_await eddy::sleep(1s);
  handle.cancel("first");
  co_await eddy::sleep(1s);
  handle.cancel("second");
  const std::string how = co_await ending_by_kind(handle);
  CHECK(how == "CancelledError first");
  CHECK(inner == "value");
}

EDDY_TEST_CASE("a timeout entered with a cancel in force stops without starting its body", "[c171]") {
  bool ran = false;
  std::string how_inside;
  auto body = [&]() -> eddy::Task<> {
    ran = true;
    co_return;
  };
  auto work = [&]() -> eddy::Task<> {
    eddy::current_task().cancel();
    how_inside = co_await ending_by_kind(eddy::timeout(5s, body()));
  };
  const std::string how = co_await ending_by_kind(eddy::create_task(work()));
  CHECK(how == "CancelledError ");
  CHECK_FALSE(ran);
  CHECK(how_inside.empty());
}

EDDY_TEST_CASE("timeout(0) does not swallow a cancel that is in force: the task ends cancelled", "[c175]") {
  bool ran = false;
  bool caught = false;
  auto body = [&]() -> eddy::Task<> {
    ran = true;
    co_await eddy::sleep(1s);
  };
  auto work = [&]() -> eddy::Task<> {
    eddy::current_task().cancel();
    try {
      co_await eddy::timeout(0s, body());
    } catch (const eddy::TimeoutError&) {
      caught = true;
    }
  };
  const auto handle = eddy::create_task(work());
  const std::string how = co_await ending_by_kind(handle);
  CHECK(how == "CancelledError ");
  CHECK(handle.cancelled());
  CHECK_FALSE(ran);
  CHECK_FALSE(caught);
}

EDDY_TEST_CASE("a cancel that meets the deadline in the same turn wins over the TimeoutError", "[c171][order]") {
  for (const bool cancel_first : {true, false}) {
    bool caught = false;
    auto work = [&]() -> eddy::Task<> {
      try {
        co_await eddy::timeout(5s, nap(1h));
      } catch (const eddy::TimeoutError&) {
        caught = true;
      }
      co_await eddy::sleep(1h);
    };
    std::optional<eddy::TaskHandle<>> handle;
    if (cancel_first) eddy::get_running_loop().call_later(5s, [&] { handle->cancel(); });
    handle = eddy::create_task(work());
    co_await eddy::yield();
    if (!cancel_first) eddy::get_running_loop().call_later(5s, [&] { handle->cancel(); });
    const auto start = now();
    const std::string how = co_await ending_by_kind(*handle);
    CHECK(how == "CancelledError ");
    CHECK_FALSE(caught);
    CHECK(now() - start == 5s);
  }
}

EDDY_TEST_CASE(
    "a cancel while an expired timeout waits for its cleanup makes the caller stop instead of throwing TimeoutError",
    "[c171]") {
  bool caught = false;
  auto work = [&]() -> eddy::Task<> {
    try {
      co_await eddy::timeout(1s, eddy::try_finally(nap(1h), nap(5s)));
    } catch (const eddy::TimeoutError&) {
      caught = true;
    }
  };
  auto handle = eddy::create_task(work());
  co_await eddy::sleep(3s);
  const auto start = now();
  handle.cancel();
  const std::string how = co_await ending_by_kind(handle);
  CHECK(how == "CancelledError ");
  CHECK_FALSE(caught);
  CHECK(now() - start == 3s);
}

EDDY_TEST_CASE("a result that is there at the very moment of the deadline wins", "[c174][order]") {
  const auto start = now();
  const int value = co_await eddy::timeout(5s, after(5s, 1));
  CHECK(value == 1);
  CHECK(now() - start == 5s);
  const auto future = eddy::get_running_loop().create_future<int>();
  eddy::get_running_loop().call_later(5s, [future] { future.set_result(2); });
  const int set_first = co_await eddy::timeout(5s, future);
  CHECK(set_first == 2);
}

EDDY_TEST_CASE("an error that is there at the very moment of the deadline wins", "[c174]") {
  const std::string how = co_await ending_by_kind(eddy::timeout(5s, fail_after<int>(5s, "bad")));
  CHECK(how == "bad");
}

EDDY_TEST_CASE("a body whose wait is due with the deadline goes on, and a wait that it then begins loses", "[c174]") {
  bool went_on = false;
  auto body = [&]() -> eddy::Task<> {
    co_await eddy::sleep(5s);
    went_on = true;
    co_await eddy::sleep(1ns);
  };
  const auto start = now();
  const std::string how = co_await ending_by_kind(eddy::timeout(5s, body()));
  CHECK(how == "TimeoutError");
  CHECK(went_on);
  CHECK(now() - start == 5s);
}

EDDY_TEST_CASE("a permit that is handed over in the turn of the deadline is not lost", "[c174][order]") {
  eddy::Semaphore semaphore(0);
  eddy::get_running_loop().call_later(5s, [&] { semaphore.release(); });
  auto body = [&]() -> eddy::Task<int> {
    auto permit = co_await semaphore.scoped();
    co_return 1;
  };
  const int value = co_await eddy::timeout(5s, body());
  CHECK(value == 1);
  CHECK(semaphore.value() == 1);
}

EDDY_TEST_CASE("the deadline is absolute: many short waits do not put it off", "[c184]") {
  int rounds = 0;
  auto body = [&]() -> eddy::Task<> {
    for (;;) {
      co_await eddy::sleep(100ms);
      ++rounds;
    }
  };
  const auto start = now();
  const std::string how = co_await ending_by_kind(eddy::timeout(1050ms, body()));
  CHECK(how == "TimeoutError");
  CHECK(rounds == 10);
  CHECK(now() - start == 1050ms);
}

EDDY_TEST_CASE("a body that is woken again and again but never gets on still times out on time", "[c184]") {
  eddy::Event bell;
  auto ticker = [&]() -> eddy::Task<> {
    for (;;) {
      co_await eddy::sleep(1ms);
      bell.set();
      bell.clear();
    }
  };
  auto ticking = eddy::create_task(ticker());
  int woken = 0;
  auto body = [&]() -> eddy::Task<> {
    for (;; ++woken) co_await bell.wait();
  };
  const auto start = now();
  const std::string how = co_await ending_by_kind(eddy::timeout(1s, body()));
  CHECK(how == "TimeoutError");
  CHECK(now() - start == 1s);
  CHECK(woken >= 998);
  ticking.cancel();
  (void)co_await ending_by_kind(ticking);
}

EDDY_TEST_CASE("a timeout of the longest duration of any unit never expires and does not overflow", "[c185]") {
  const int a = co_await eddy::timeout(std::chrono::hours::max(), after(1h, 1));
  const int b = co_await eddy::timeout(std::chrono::nanoseconds::max(), after(1h, 2));
  const int c = co_await eddy::timeout(std::chrono::duration<double>(1e300), after(1h, 3));
  const int d = co_await eddy::timeout_at(eddy::TimePoint::max(), after(1h, 4));
  const int e =
      co_await eddy::timeout(std::chrono::duration<double>(std::numeric_limits<double>::infinity()), after(1h, 5));
  CHECK(a + b + c + d + e == 15);
  const std::string how = co_await ending_by_kind(eddy::timeout(std::chrono::hours::min(), nap(1s)));
  CHECK(how == "TimeoutError");
}

EDDY_TEST_CASE("a timeout of NaN is refused, and the body is not started", "[c186]") {
  const std::chrono::duration<double> nan(std::numeric_limits<double>::quiet_NaN());
  bool ran = false;
  auto body = [&]() -> eddy::Task<> {
    ran = true;
    co_return;
  };
  bool refused = false;
  try {
    co_await eddy::timeout(nan, body());
  } catch (const std::invalid_argument&) {
    refused = true;
  }
  CHECK(refused);
  CHECK_FALSE(ran);
}

EDDY_TEST_CASE("timeouts of fractions of a second last as long as they say", "[c186]") {
  const auto start = now();
  const std::string how = co_await ending_by_kind(eddy::timeout(std::chrono::duration<double>(0.25), nap(1h)));
  CHECK(how == "TimeoutError");
  CHECK(now() - start == 250ms);
  const std::string negative = co_await ending_by_kind(eddy::timeout(std::chrono::duration<double>(-0.25), nap(1h)));
  CHECK(negative == "TimeoutError");
  CHECK(now() - start == 250ms);
}

EDDY_TEST_CASE("work that timed out has ended when TimeoutError is thrown: it is awaited, never detached", "[c190]") {
  auto leaf = []() -> eddy::Task<> {
    const Tracked tracked;
    co_await eddy::sleep(1h);
  };
  auto middle = [&]() -> eddy::Task<> {
    const Tracked tracked;
    co_await eddy::gather(leaf(), leaf(), eddy::timeout(2h, leaf()));
  };
  std::string how;
  try {
    co_await eddy::timeout(1s, middle());
  } catch (const eddy::TimeoutError&) {
    CHECK(Tracked::alive == 0);
    CHECK(eddy::all_tasks().size() == 1);
    how = "TimeoutError";
  }
  CHECK(how == "TimeoutError");
}

EDDY_TEST_CASE("a timeout waits for work that cannot be stopped and gives its value instead of TimeoutError",
               "[c179]") {
  auto body = []() -> eddy::Task<int> {
    co_await eddy::uncancellable(nap(5s));
    co_return 42;
  };
  const auto start = now();
  const int value = co_await eddy::timeout(1s, body());
  CHECK(value == 42);
  CHECK(now() - start == 5s);
  co_await eddy::sleep(1s);  // the expiry is over and done with
  CHECK(now() - start == 6s);
}

EDDY_TEST_CASE("an expired timeout around a gather gives its values if all children gave theirs", "[c179]") {
  auto stubborn = [](int value) -> eddy::Task<int> {
    co_await eddy::uncancellable(nap(5s));
    co_return value;
  };
  const auto [a, b] = co_await eddy::timeout(1s, eddy::gather(stubborn(1), stubborn(2)));
  CHECK(a + b == 3);
}

EDDY_TEST_CASE("an expired timeout around a handle cancels the task, waits for it, and throws TimeoutError") {
  auto work = []() -> eddy::Task<> { co_await eddy::try_finally(nap(1h), nap(2s)); };
  const auto handle = eddy::create_task(work());
  const auto start = now();
  const std::string how = co_await ending_by_kind(eddy::timeout(1s, handle));
  CHECK(how == "TimeoutError");
  CHECK(handle.cancelled());
  CHECK(now() - start == 3s);
}

EDDY_TEST_CASE(
    "an expired timeout around a handle throws TimeoutError even if the task gives a value, which stays in the "
    "handle") {
  auto work = []() -> eddy::Task<int> {
    co_await eddy::uncancellable(nap(5s));
    co_return 42;
  };
  const auto handle = eddy::create_task(work());
  const auto start = now();
  const std::string how = co_await ending_by_kind(eddy::timeout(1s, handle));
  CHECK(how == "TimeoutError");
  CHECK(now() - start == 5s);
  CHECK(handle.result() == 42);
}

EDDY_TEST_CASE("the error of a handle that fails in answer to an expired timeout counts as not retrieved") {
  auto bad = []() -> eddy::Task<> {
    throw std::runtime_error("cleanup");
    co_return;
  };
  auto work = [&]() -> eddy::Task<> { co_await eddy::try_finally(nap(1h), bad()); };
  const std::string how = co_await ending_by_kind(eddy::timeout(1s, eddy::create_task(work())));
  CHECK(how == "TimeoutError");
  const std::vector<std::string> reports = take_reports();
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].find("cleanup") != std::string::npos);
}

EDDY_TEST_CASE("an expired timeout around a future cancels the future") {
  const auto future = eddy::get_running_loop().create_future<int>();
  const std::string how = co_await ending_by_kind(eddy::timeout(1s, future));
  CHECK(how == "TimeoutError");
  CHECK(future.cancelled());
}

EDDY_TEST_CASE("an expired timeout around a shield leaves the shielded task running and throws at once") {
  const auto handle = eddy::create_task(after(5s, 1));
  const auto start = now();
  const std::string how = co_await ending_by_kind(eddy::timeout(1s, eddy::shield(handle)));
  CHECK(how == "TimeoutError");
  CHECK(now() - start == 1s);
  const int value = co_await handle;
  CHECK(value == 1);
}

EDDY_TEST_CASE("a timeout object that is awaited a second time throws InvalidStateError", "[c172]") {
  auto once = eddy::timeout(1s, after(1ms, 1));
  const int value = co_await once;
  CHECK(value == 1);
  bool refused = false;
  try {
    (void)co_await once;
  } catch (const eddy::InvalidStateError&) {
    refused = true;
  }
  CHECK(refused);
  co_await eddy::sleep(2s);
}

EDDY_TEST_CASE("a timeout that is never awaited runs nothing and destroys its body", "[c172]") {
  bool ran = false;
  auto body = [&](Tracked) -> eddy::Task<> {
    ran = true;
    co_return;
  };
  {
    auto unused = eddy::timeout(1s, body(Tracked()));
    CHECK(Tracked::alive == 1);
    co_await eddy::sleep(2s);
    static_cast<void>(unused);
  }
  CHECK_FALSE(ran);
  CHECK(Tracked::alive == 0);
}

EDDY_TEST_CASE("a timeout around an empty task throws InvalidStateError", "[c172]") {
  bool refused = false;
  try {
    co_await eddy::timeout(1s, eddy::Task<>());
  } catch (const eddy::InvalidStateError&) {
    refused = true;
  }
  CHECK(refused);
  co_await eddy::sleep(1s);
}

EDDY_TEST_CASE("a body function that throws before it returns its task fails the timeout, and the caller goes on") {
  auto make = []() -> eddy::Task<int> { throw std::runtime_error("no task"); };
  const std::string how = co_await ending_by_kind(eddy::timeout(1s, make));
  CHECK(how == "no task");
  co_await eddy::sleep(2s);
}

EDDY_TEST_CASE("a task that cancels itself inside a timeout's body stops at the body's next suspension") {
  std::vector<std::string> log;
  auto body = [&]() -> eddy::Task<> {
    eddy::current_task().cancel("own");
    log.push_back("goes on");
    co_await eddy::yield();
    log.push_back("not reached");
  };
  auto work = [&]() -> eddy::Task<> {
    co_await eddy::timeout(5s, body());
    log.push_back("not reached");
  };
  const std::string how = co_await ending_by_kind(eddy::create_task(work()));
  CHECK(how == "CancelledError own");
  const std::vector<std::string> expected{"goes on"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("a body that cancels its own task and returns a value without blocking delivers the value") {
  auto body = []() -> eddy::Task<int> {
    co_await eddy::sleep(1s);
    eddy::current_task().cancel();
    co_return 9;
  };
  auto work = [&]() -> eddy::Task<int> {
    const int value = co_await eddy::timeout(5s, body());
    co_return value + 1;
  };
  const int value = co_await eddy::create_task(work());
  CHECK(value == 10);
}

EDDY_TEST_CASE("a timeout around one step of a generator cuts the generator, whose later steps throw instead of ending",
               "[c189]") {
  bool cut = false;
  auto numbers = [&]() -> eddy::AsyncGenerator<int> {
    struct AtEnd {
      bool& flag;
      ~AtEnd() { flag = true; }
    } at_end{cut};
    co_yield 1;
    co_await eddy::sleep(1h);
    co_yield 2;
  };
  auto source = numbers();
  auto step = [&]() -> eddy::Task<int> {
    auto item = co_await source.next();
    co_return item ? *item : -1;
  };
  const int first = co_await eddy::timeout(1s, step());
  CHECK(first == 1);
  CHECK_FALSE(cut);
  const auto start = now();
  const std::string second = co_await ending_by_kind(eddy::timeout(1s, step()));
  CHECK(second == "TimeoutError");
  CHECK(cut);
  CHECK(now() - start == 1s);
  const std::string third = co_await ending_by_kind(step());
  CHECK(third.find("CancelledError") == 0);
}

EDDY_TEST_CASE("awaiting one's own handle in a timeout's body is an error") {
  std::optional<eddy::TaskHandle<>> self;
  auto work = [&]() -> eddy::Task<> { co_await eddy::timeout(1h, *self); };
  self = eddy::create_task(work());
  co_await eddy::sleep(1s);
  REQUIRE(self->done());
  CHECK_THROWS_AS(self->result(), eddy::RuntimeError);
}

EDDY_TEST_CASE("a hundred nested timeouts convert one expiry once") {
  int threw = 0;
  struct Nest {
    static eddy::Task<> at(int depth, int& count) {
      if (depth == 0) {
        co_await eddy::sleep(1h);
        co_return;
      }
      try {
        co_await eddy::timeout(std::chrono::seconds(depth == 50 ? 1 : 1000), at(depth - 1, count));
      } catch (const eddy::TimeoutError&) {
        ++count;
      }
    }
  };
  const auto start = now();
  co_await Nest::at(100, threw);
  CHECK(threw == 1);
  CHECK(now() - start == 1s);
}

EDDY_LOOP_TEST_CASE("a hundred thousand timeouts that do not expire leave nothing behind", "[large]") {
  eddy::testing::VirtualClock clock;
  run_virtual(
      []() -> eddy::Task<> {
        int sum = 0;
        for (int i = 0; i < 100'000; ++i) {
          const int value = co_await eddy::timeout(1h, at_once(1));
          sum += value;
        }
        CHECK(sum == 100'000);
      },
      clock);
  CHECK(clock.elapsed() == 0s);
}

EDDY_TEST_CASE("a Timeout whose body has ended refuses a new deadline, and says why", "[c167]") {
  eddy::Timeout* kept = nullptr;
  const auto body = [&](eddy::Timeout& own) -> eddy::Task<> {
    kept = &own;
    co_await eddy::sleep(1s);
  };
  auto limit = eddy::timeout(5s, body);
  co_await limit;
  REQUIRE(kept != nullptr);
  CHECK_THROWS_WITH(kept->reschedule(now() + 1s), Catch::StartsWith("eddy: the timeout is not running (in task "));
}

EDDY_TEST_CASE("a timeout of a function that is awaited again calls it again", "[c172]") {
  int calls = 0;
  auto body = [&]() -> eddy::Task<std::string> {
    co_await eddy::sleep(1s);
    co_return "call " + std::to_string(++calls);
  };
  auto limit = eddy::timeout(5s, body);
  const std::string first = co_await limit;
  const std::string second = co_await limit;
  CHECK(first == "call 1");
  CHECK(second == "call 2");
}

TEST_CASE("timeout_at takes points before the zero of the loop's clock", "[c157]") {
  struct EarlyClock final : eddy::Clock {
    eddy::TimePoint now() noexcept override { return present; }
    bool jump_to(eddy::TimePoint deadline) noexcept override {
      present = deadline;
      return true;
    }
    eddy::TimePoint present{-1h};
  };
  EarlyClock clock;
  const auto body = []() -> eddy::Task<std::string> {
    co_return co_await ending_by_kind(eddy::timeout_at(eddy::TimePoint(-30min), after(20min, 1)));
  };
  eddy::RunOptions options;
  options.clock = &clock;
  CHECK(eddy::run(body(), options) == "value");
  CHECK(clock.present == eddy::TimePoint(-40min));
}
