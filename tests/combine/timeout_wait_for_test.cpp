// wait_for: asyncio's argument order, and its rule for limits of zero or less.
//
// What it shares with `timeout` is in timeout_test.cpp.
//
// SPDX-License-Identifier: MIT
#include "support/work.hpp"

#include <limits>
#include <optional>

using namespace test;

EDDY_TEST_CASE("wait_for gives the result of work that ends in time, and its error", "[c162]") {
  const auto start = now();
  const int value = co_await eddy::wait_for(after(1s, 1), 5s);
  CHECK(value == 1);
  CHECK(now() - start == 1s);
  const std::string how = co_await ending_by_kind(eddy::wait_for(fail_after<int>(1s, "bad"), 5s));
  CHECK(how == "bad");
}

EDDY_TEST_CASE("wait_for stops work that does not end in time, waits for it and throws TimeoutError", "[c190]") {
  bool cleaned = false;
  auto cleanup = [&]() -> eddy::Task<> {
    co_await eddy::sleep(2s);
    cleaned = true;
  };
  const auto start = now();
  const std::string how = co_await ending_by_kind(eddy::wait_for(eddy::try_finally(nap(1h), cleanup()), 5s));
  CHECK(how == "TimeoutError");
  CHECK(cleaned);
  CHECK(now() - start == 7s);
}

EDDY_TEST_CASE("wait_for without a limit waits for ever", "[c160]") {
  const int value = co_await eddy::wait_for(after(std::chrono::hours(10'000), 1), std::nullopt);
  CHECK(value == 1);
}

EDDY_TEST_CASE("wait_for with zero or less gives the result of a finished handle or future without suspending",
               "[c176]") {
  const auto handle = eddy::create_task(after(0s, 1));
  const auto future = eddy::get_running_loop().create_future<int>();
  future.set_result(2);
  co_await eddy::sleep(1s);
  REQUIRE(handle.done());
  const test::TurnProbe other_ran;
  const int a = co_await eddy::wait_for(handle, 0s);
  const int b = co_await eddy::wait_for(future, -1s);
  const int c = co_await eddy::wait_for(handle, -1s);
  CHECK(a == 1);
  CHECK(b == 2);
  CHECK(c == 1);
  CHECK_FALSE(other_ran);
  co_await test::settle();
  CHECK(other_ran);
}

EDDY_TEST_CASE("wait_for with zero throws the error of a handle that has failed", "[c176]") {
  const auto handle = eddy::create_task(fail_after<int>(0s, "bad"));
  co_await eddy::sleep(1s);
  const std::string how = co_await ending_by_kind(eddy::wait_for(handle, 0s));
  CHECK(how == "bad");
}

EDDY_TEST_CASE("wait_for with zero or less does not start a task: its body never runs and its arguments are destroyed",
               "[c177]") {
  for (const auto limit : {0s, -5s}) {
    bool ran = false;
    auto body = [&](Tracked) -> eddy::Task<int> {
      ran = true;
      co_return 1;
    };
    const auto start = now();
    const std::string how = co_await ending_by_kind(eddy::wait_for(body(Tracked()), limit));
    CHECK(how == "TimeoutError");
    CHECK_FALSE(ran);
    CHECK(Tracked::alive == 0);
    CHECK(now() - start == 0s);
  }
}

EDDY_TEST_CASE("wait_for with zero cancels a task that runs behind a handle, waits for it, and throws TimeoutError",
               "[c177]") {
  bool cleaned = false;
  auto cleanup = [&]() -> eddy::Task<> {
    co_await eddy::sleep(2s);
    cleaned = true;
  };
  auto work = [&]() -> eddy::Task<> { co_await eddy::try_finally(nap(1h), cleanup()); };
  const auto handle = eddy::create_task(work());
  co_await eddy::sleep(1s);
  const std::string how = co_await ending_by_kind(eddy::wait_for(handle, 0s));
  CHECK(how == "TimeoutError");
  CHECK(handle.cancelled());
  CHECK(cleaned);
}

EDDY_TEST_CASE("wait_for with zero cancels a future that is not done", "[c177]") {
  const auto future = eddy::get_running_loop().create_future<int>();
  const std::string how = co_await ending_by_kind(eddy::wait_for(future, 0s));
  CHECK(how == "TimeoutError");
  CHECK(future.cancelled());
}

EDDY_TEST_CASE("work that gives its value although wait_for told it to stop has its value returned", "[c179]") {
  auto stubborn = []() -> eddy::Task<int> {
    co_await eddy::uncancellable(nap(5s));
    co_return 42;
  };
  const int value = co_await eddy::wait_for(stubborn(), 1s);
  CHECK(value == 42);
}

EDDY_TEST_CASE("an error that work throws while wait_for stops it surfaces instead of TimeoutError", "[c180]") {
  auto bad = []() -> eddy::Task<> {
    throw std::runtime_error("cleanup");
    co_return;
  };
  const std::string how = co_await ending_by_kind(eddy::wait_for(eddy::try_finally(nap(1h), bad()), 1s));
  CHECK(how == "cleanup");
}

EDDY_TEST_CASE(
    "a result and a cancel of the waiting task in the same turn: the result is delivered, then the cancel takes effect",
    "[c181][order]") {
  const auto inner = eddy::create_task(after(5s, 1));
  int delivered = 0;
  bool reached = false;
  auto work = [&]() -> eddy::Task<> {
    delivered = co_await eddy::wait_for(inner, 10s);
    co_await eddy::yield();
    reached = true;
  };
  auto handle = eddy::create_task(work());
  co_await test::settle();
  // Due with the sleep of `inner`, and after it: `inner` ends, then the cancel comes, then `work` would have its turn.
  eddy::get_running_loop().call_later(5s, [&] { handle.cancel(); });
  const std::string how = co_await ending_by_kind(handle);
  CHECK(how == "CancelledError ");
  CHECK(delivered == 1);
  CHECK_FALSE(reached);
  CHECK(inner.result() == 1);
}

EDDY_TEST_CASE("an outer cancel is forwarded to the work of wait_for, which is waited for", "[c182]") {
  std::vector<std::string> log;
  auto cleanup = [&]() -> eddy::Task<> {
    co_await eddy::sleep(2s);
    log.push_back("cleaned");
  };
  auto work = [&]() -> eddy::Task<> {
    const OnExit exit(log, "caller gone");
    co_await eddy::wait_for(eddy::try_finally(nap(1h), cleanup()), 1min);
  };
  auto handle = eddy::create_task(work());
  co_await eddy::sleep(1s);
  const auto start = now();
  handle.cancel();
  const std::string how = co_await ending_by_kind(handle);
  CHECK(how == "CancelledError ");
  CHECK(now() - start == 2s);
  const std::vector<std::string> expected{"cleaned", "caller gone"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("an outer cancel is forwarded through wait_for to the task behind a handle", "[c182]") {
  const auto inner = eddy::create_task(nap(1h));
  auto work = [&]() -> eddy::Task<> { co_await eddy::wait_for(inner, 1min); };
  auto handle = eddy::create_task(work());
  co_await eddy::sleep(1s);
  handle.cancel();
  const std::string how = co_await ending_by_kind(handle);
  CHECK(how == "CancelledError ");
  CHECK(inner.cancelled());
}

EDDY_TEST_CASE("wait_for of a shielded handle gives up without cancelling the task") {
  const auto inner = eddy::create_task(after(5s, 1));
  const std::string how = co_await ending_by_kind(eddy::wait_for(eddy::shield(inner), 1s));
  CHECK(how == "TimeoutError");
  const int value = co_await inner;
  CHECK(value == 1);
}

EDDY_TEST_CASE("wait_for entered with a cancel in force stops without starting its work", "[c175]") {
  bool ran = false;
  bool caught = false;
  auto body = [&]() -> eddy::Task<> {
    ran = true;
    co_return;
  };
  auto work = [&](std::chrono::seconds limit) -> eddy::Task<> {
    eddy::current_task().cancel();
    try {
      co_await eddy::wait_for(body(), limit);
    } catch (const eddy::TimeoutError&) {
      caught = true;
    }
  };
  const std::string with_time = co_await ending_by_kind(eddy::create_task(work(5s)));
  const std::string without = co_await ending_by_kind(eddy::create_task(work(0s)));
  CHECK(with_time == "CancelledError ");
  CHECK(without == "CancelledError ");
  CHECK_FALSE(ran);
  CHECK_FALSE(caught);
}

EDDY_TEST_CASE("wait_for of a semaphore gives the permit up to nobody when it times out") {
  eddy::Semaphore semaphore(0);
  const std::string how = co_await ending_by_kind(eddy::wait_for(semaphore.acquire(), 1s));
  CHECK(how == "TimeoutError");
  semaphore.release();
  CHECK(semaphore.value() == 1);
}

EDDY_TEST_CASE("wait_for refuses NaN and saturates what is out of range", "[c185][c186]") {
  bool refused = false;
  try {
    co_await eddy::wait_for(nap(1s), std::chrono::duration<double>(std::numeric_limits<double>::quiet_NaN()));
  } catch (const std::invalid_argument&) {
    refused = true;
  }
  CHECK(refused);
  const int value = co_await eddy::wait_for(after(1s, 1), std::chrono::hours::max());
  CHECK(value == 1);
}

// On a compiler that bounds direct hand-overs these go through the loop's driver, which looks at the task's state.
namespace {
eddy::Task<int> one() { co_return 1; }
eddy::Task<int> many_steps() {
  int sum = 0;
  for (int i = 0; i < 500; ++i) {
    const int step = co_await one();
    sum += step;
  }
  co_return sum;
}
}  // namespace

EDDY_TEST_CASE("a caller whose work was not started, since the time was up or a function threw, runs on") {
  bool expired = false;
  try {
    co_await eddy::wait_for(after(1s, 1), 0s);
  } catch (const eddy::TimeoutError&) {
    expired = true;
  }
  CHECK(expired);
  const int first = co_await many_steps();
  CHECK(first == 500);
  std::string thrown;
  struct Thrower {
    eddy::Task<int> operator()() const {
      throw_now();
      return one();
    }
    static void throw_now() { throw std::logic_error("no task was made"); }
  };
  try {
    const Thrower make;
    co_await eddy::timeout(1s, make);
  } catch (const std::logic_error& error) {
    thrown = error.what();
  }
  CHECK(thrown == "no task was made");
  const int second = co_await many_steps();
  CHECK(second == 500);
}

EDDY_TEST_CASE("wait_for of an empty task is refused, unless the time is up before it would start") {
  const std::string up = co_await ending_by_kind(eddy::wait_for(eddy::Task<int>(), 0s));
  CHECK(up == "TimeoutError");
  bool refused = false;
  try {
    (void)co_await eddy::wait_for(eddy::Task<int>(), 1s);
  } catch (const eddy::InvalidStateError&) {
    refused = true;
  }
  CHECK(refused);
  const int steps = co_await many_steps();  // the caller runs on
  CHECK(steps == 500);
}
