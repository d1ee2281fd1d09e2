// shield: to stop waiting for a task without stopping the task.
//
// SPDX-License-Identifier: MIT
#include "support/work.hpp"

#include <memory>
#include <optional>

using namespace test;

EDDY_TEST_CASE("shield passes the result and the exception of the task through", "[c191]") {
  const auto good = eddy::create_task(after(1s, std::string("fine")));
  const auto bad = eddy::create_task(fail_after(1s, "bad"));
  const std::string& value = co_await eddy::shield(good);
  CHECK(value == "fine");
  const std::string how = co_await ending(eddy::shield(bad));
  CHECK(how == "bad");
}

EDDY_TEST_CASE("shield of a temporary handle gives the value itself, also a move-only one", "[c191]") {
  auto boxed = []() -> eddy::Task<std::unique_ptr<int>> {
    co_await eddy::sleep(1s);
    co_return std::make_unique<int>(3);
  };
  const std::unique_ptr<int> box = co_await eddy::shield(eddy::create_task(boxed()));
  REQUIRE(box);
  CHECK(*box == 3);
  int x = 0;
  auto reference = [&]() -> eddy::Task<int&> {
    co_await eddy::yield();
    co_return x;
  };
  int& same = co_await eddy::shield(eddy::create_task(reference()));
  CHECK(&same == &x);
}

EDDY_TEST_CASE("shield passes the result and the exception of a future through", "[c191]") {
  eddy::EventLoop& loop = eddy::get_running_loop();
  const auto good = loop.create_future<int>();
  const auto bad = loop.create_future<int>();
  loop.call_later(1s, [&] {
    const eddy::testing::AllocationsSucceed pause;
    good.set_result(4);
    bad.set_exception(std::make_exception_ptr(std::runtime_error("bad")));
  });
  const int value = co_await eddy::shield(good);
  CHECK(value == 4);
  const std::string how = co_await ending(eddy::shield(bad));
  CHECK(how == "bad");
}

EDDY_TEST_CASE("a cancelled task behind a shield gives its waiter CancelledError; the waiter is not cancelled",
               "[c192]") {
  auto inner = eddy::create_task(nap(1h));
  eddy::get_running_loop().call_later(1s, [&] { inner.cancel("inner"); });
  const std::string how = co_await ending(eddy::shield(inner));
  CHECK(how == "CancelledError inner");
  CHECK(eddy::current_task().cancelling() == 0);
  co_await eddy::sleep(1s);
}

EDDY_TEST_CASE("a task that is left by the CancelledError of its shielded work ends as cancelled", "[c192]") {
  auto inner = eddy::create_task(nap(1h));
  auto work = [&]() -> eddy::Task<> { co_await eddy::shield(inner); };
  const auto outer = eddy::create_task(work());
  co_await eddy::sleep(1s);
  inner.cancel("inner");
  const std::string how = co_await ending(outer);
  CHECK(how == "CancelledError inner");
  CHECK(outer.cancelled());
}

EDDY_TEST_CASE("a cancel of the waiter ends the waiting at once and leaves the task running") {
  const auto inner = eddy::create_task(after(5s, 1));
  bool reached = false;
  auto work = [&]() -> eddy::Task<> {
    (void)co_await eddy::shield(inner);
    reached = true;
  };
  auto outer = eddy::create_task(work());
  co_await eddy::sleep(1s);
  const auto start = now();
  outer.cancel();
  const std::string how = co_await ending(outer);
  CHECK(how == "CancelledError ");
  CHECK_FALSE(reached);
  CHECK(now() - start == 0s);
  CHECK(inner.cancelling() == 0);
  const int value = co_await inner;
  CHECK(value == 1);
  CHECK(now() - start == 4s);
}

EDDY_TEST_CASE("a cancel of one who awaits a shielded future does not cancel the future or its other waiters") {
  const auto future = eddy::get_running_loop().create_future<int>();
  auto through_shield = [&]() -> eddy::Task<> { (void)co_await eddy::shield(future); };
  auto directly = [&]() -> eddy::Task<int> { co_return co_await future; };
  auto first = eddy::create_task(through_shield());
  const auto second = eddy::create_task(directly());
  co_await eddy::sleep(1s);
  first.cancel();
  const std::string how = co_await ending(first);
  CHECK(how == "CancelledError ");
  CHECK_FALSE(future.done());
  future.set_result(3);
  const int value = co_await second;
  CHECK(value == 3);
}

EDDY_TEST_CASE("a task that fails after its shielded waiter was cancelled is reported once", "[c194]") {
  auto work = []() -> eddy::Task<> { co_await eddy::shield(eddy::create_task(fail_after(5s, "late"))); };
  auto outer = eddy::create_task(work());
  co_await eddy::sleep(1s);
  outer.cancel();
  const std::string how = co_await ending(outer);
  CHECK(how == "CancelledError ");
  CHECK(take_reports().empty());
  co_await eddy::sleep(10s);
  const std::vector<std::string> reports = take_reports();
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].find("late") != std::string::npos);
}

EDDY_TEST_CASE("a shielded task's error that the handle's holder retrieves later is not reported", "[c194]") {
  const auto inner = eddy::create_task(fail_after(5s, "late"));
  auto work = [&]() -> eddy::Task<> { co_await eddy::shield(inner); };
  auto outer = eddy::create_task(work());
  co_await eddy::sleep(1s);
  outer.cancel();
  const std::string how = co_await ending(outer);
  CHECK(how == "CancelledError ");
  const std::string late = co_await ending(inner);
  CHECK(late == "late");
}

EDDY_TEST_CASE("shield of a finished task gives its result without suspending", "[c195]") {
  const auto inner = eddy::create_task(after(0s, 1));
  const auto future = eddy::get_running_loop().create_future<int>();
  future.set_result(2);
  co_await eddy::sleep(1s);
  const test::TurnProbe other_ran;
  const int a = co_await eddy::shield(inner);
  const int b = co_await eddy::shield(future);
  CHECK(a + b == 3);
  CHECK_FALSE(other_ran);
  co_await test::settle();
  CHECK(other_ran);
}

EDDY_TEST_CASE("a finished task behind a shield gives its value even with a cancel in force", "[c195]") {
  const auto inner = eddy::create_task(after(0s, 5));
  co_await eddy::sleep(1s);
  auto work = [&]() -> eddy::Task<int> {
    eddy::current_task().cancel();
    co_return co_await eddy::shield(inner);
  };
  const int value = co_await eddy::create_task(work());
  CHECK(value == 5);
}

EDDY_TEST_CASE("a result that reaches the shield in the turn of the cancel is delivered", "[order]") {
  const auto inner = eddy::create_task(after(5s, 1));
  int delivered = 0;
  bool reached = false;
  auto work = [&]() -> eddy::Task<> {
    delivered = co_await eddy::shield(inner);
    co_await eddy::yield();
    reached = true;
  };
  auto outer = eddy::create_task(work());
  co_await test::settle();
  eddy::get_running_loop().call_later(5s, [&] { outer.cancel(); });
  const std::string how = co_await ending(outer);
  CHECK(how == "CancelledError ");
  CHECK(delivered == 1);
  CHECK_FALSE(reached);
}

EDDY_TEST_CASE("shield entered with a cancel in force stops the waiter and leaves the task running") {
  const auto inner = eddy::create_task(after(1s, 1));
  auto work = [&]() -> eddy::Task<> {
    eddy::current_task().cancel();
    (void)co_await eddy::shield(inner);
  };
  const std::string how = co_await ending(eddy::create_task(work()));
  CHECK(how == "CancelledError ");
  const int value = co_await inner;
  CHECK(value == 1);
}

EDDY_TEST_CASE("many may wait for one task, shielded and not; those that are shielded leave alone") {
  const auto inner = eddy::create_task(after(5s, 1));
  auto work = [&]() -> eddy::Task<int> { co_return co_await eddy::shield(inner); };
  auto a = eddy::create_task(work());
  auto b = eddy::create_task(work());
  auto c = eddy::create_task(work());
  co_await eddy::sleep(1s);
  b.cancel();
  const std::string how = co_await ending(b);
  CHECK(how == "CancelledError ");
  const auto [x, y] = co_await eddy::gather(a, c);
  CHECK(x + y == 2);
}

EDDY_TEST_CASE("shield of the running task's own handle is an error, not a hang") {
  std::optional<eddy::TaskHandle<>> self;
  auto waits_for_itself = [&]() -> eddy::Task<> { co_await eddy::shield(*self); };
  self = eddy::create_task(waits_for_itself());
  co_await eddy::sleep(1s);
  REQUIRE(self->done());
  CHECK_THROWS_AS(self->result(), eddy::RuntimeError);
}

EDDY_LOOP_TEST_CASE("the end of run cancels a shielded task that is left over") {
  std::vector<std::string> log;
  run_virtual([&]() -> eddy::Task<> {
    auto work = [&]() -> eddy::Task<> {
      const OnExit exit(log, "inner gone");
      co_await eddy::sleep(1h);
    };
    auto waiter = [&]() -> eddy::Task<> { co_await eddy::shield(eddy::create_task(work())); };
    auto outer = eddy::create_task(waiter());
    co_await eddy::sleep(1s);
    outer.cancel();
    const std::string how = co_await ending(outer);
    log.push_back(how);
    co_await eddy::sleep(1s);
  });
  const std::vector<std::string> expected{"CancelledError ", "inner gone"};
  CHECK(log == expected);
}
