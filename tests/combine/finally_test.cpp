// try_finally: a cleanup that may await, runs however the body ends, and is not cut short.
//
// SPDX-License-Identifier: MIT
#include "support/work.hpp"

#include <memory>
#include <stdexcept>

using namespace test;

namespace {

// Takes a while, then writes a line.
eddy::Task<> clean(std::vector<std::string>& log, std::chrono::nanoseconds delay = 1s) {
  log.push_back("cleanup starts");
  co_await eddy::sleep(delay);
  log.push_back("cleanup ends");
}

}  // namespace

EDDY_TEST_CASE("try_finally runs the body, then the cleanup, and gives the body's value") {
  std::vector<std::string> log;
  auto body = [&]() -> eddy::Task<int> {
    co_await eddy::sleep(2s);
    log.push_back("body");
    co_return 5;
  };
  const auto start = now();
  const int value = co_await eddy::try_finally(body(), clean(log));
  CHECK(value == 5);
  CHECK(now() - start == 3s);
  const std::vector<std::string> expected{"body", "cleanup starts", "cleanup ends"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("try_finally gives void, references and move-only values") {
  auto nothing = eddy::try_finally(nap(1s), nap(1s));
  static_assert(std::is_void_v<decltype(nothing.await_resume())>);
  co_await nothing;
  int x = 0;
  auto reference = [&]() -> eddy::Task<int&> {
    co_await eddy::yield();
    co_return x;
  };
  int& same = co_await eddy::try_finally(reference(), nap(1s));
  CHECK(&same == &x);
  auto boxed = []() -> eddy::Task<std::unique_ptr<int>> {
    co_await eddy::yield();
    co_return std::make_unique<int>(3);
  };
  const std::unique_ptr<int> box = co_await eddy::try_finally(boxed(), nap(1s));
  REQUIRE(box);
  CHECK(*box == 3);
}

EDDY_TEST_CASE("try_finally takes functions, which are called when their turn comes") {
  std::vector<std::string> log;
  auto body = [&]() -> eddy::Task<int> {
    log.push_back("body");
    co_return 1;
  };
  auto cleanup = [&]() -> eddy::Task<> {
    log.push_back("cleanup");
    co_return;
  };
  auto both = eddy::try_finally(body, cleanup);
  CHECK(log.empty());
  const int value = co_await both;
  CHECK(value == 1);
  const std::vector<std::string> expected{"body", "cleanup"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("the cleanup runs when the body throws, and the body's error is thrown afterwards") {
  std::vector<std::string> log;
  const std::string how = co_await ending(eddy::try_finally(fail_after(1s, "body"), clean(log)));
  CHECK(how == "body");
  const std::vector<std::string> expected{"cleanup starts", "cleanup ends"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("the cleanup's error is thrown when the body gave a value") {
  const std::string how = co_await ending(eddy::try_finally(after(1s, 1), fail_after(1s, "cleanup")));
  CHECK(how == "cleanup");
}

EDDY_TEST_CASE("when both fail, the cleanup's error is thrown with the body's nested into it") {
  const std::string how = co_await ending(eddy::try_finally(fail_after(1s, "body"), fail_after(1s, "cleanup")));
  CHECK(how == "cleanup < body");
}

EDDY_TEST_CASE("nested try_finally chains the errors of all levels") {
  auto inner = eddy::try_finally(fail_after(1s, "body"), fail_after(1s, "inner"));
  const std::string how = co_await ending(eddy::try_finally(std::move(inner), fail_after(1s, "outer")));
  CHECK(how == "outer < inner < body");
  CHECK(take_reports().empty());
}

EDDY_TEST_CASE("a cleanup's error keeps its type when the body's is nested into it") {
  auto bad_cleanup = []() -> eddy::Task<> {
    co_await eddy::yield();
    throw std::out_of_range("cleanup");
  };
  bool right_type = false;
  std::string nested;
  try {
    co_await eddy::try_finally(fail_after(1s, "body"), bad_cleanup());
  } catch (const std::out_of_range& error) {
    right_type = true;
    nested = chain_of(error);
  }
  CHECK(right_type);
  CHECK(nested == "cleanup < body");
}

EDDY_TEST_CASE("a cleanup's error of a foreign type is thrown as it is, and the body's error is reported") {
  struct Odd {
    int code;
  };
  auto odd_cleanup = []() -> eddy::Task<> {
    co_await eddy::yield();
    throw Odd{7};
  };
  int code = 0;
  try {
    co_await eddy::try_finally(fail_after(1s, "body"), odd_cleanup());
  } catch (const Odd& odd) {
    code = odd.code;
  }
  CHECK(code == 7);
  const std::vector<std::string> reports = take_reports();
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].find("body") != std::string::npos);
}

EDDY_TEST_CASE("a cancel stops the body, then the cleanup runs to its end, then the caller is unwound") {
  std::vector<std::string> log;
  auto body = [&]() -> eddy::Task<> {
    const OnExit exit(log, "body gone");
    co_await eddy::sleep(1h);
  };
  auto work = [&]() -> eddy::Task<> {
    const OnExit exit(log, "caller gone");
    co_await eddy::try_finally(body(), clean(log));
    log.push_back("not reached");
  };
  auto handle = eddy::create_task(work());
  co_await eddy::sleep(1s);
  const auto start = now();
  handle.cancel();
  const std::string how = co_await ending(handle);
  CHECK(how == "CancelledError ");
  CHECK(now() - start == 1s);
  const std::vector<std::string> expected{"body gone", "cleanup starts", "cleanup ends", "caller gone"};
  CHECK(log == expected);
}

EDDY_TEST_CASE(
    "a cancel that comes during the cleanup does not cut it; the body's value is delivered, then the cancel takes "
    "effect") {
  std::vector<std::string> log;
  auto work = [&]() -> eddy::Task<> {
    const int value = co_await eddy::try_finally(after(1s, 8), clean(log, 4s));
    log.push_back("got " + std::to_string(value));
    co_await eddy::yield();
    log.push_back("not reached");
  };
  auto handle = eddy::create_task(work());
  co_await eddy::sleep(2s);
  const auto start = now();
  handle.cancel();
  const std::string how = co_await ending(handle);
  CHECK(how == "CancelledError ");
  CHECK(now() - start == 3s);
  const std::vector<std::string> expected{"cleanup starts", "cleanup ends", "got 8"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("with a cancel in force the body is never started, and the cleanup runs") {
  std::vector<std::string> log;
  auto body = [&](Tracked) -> eddy::Task<> {
    log.push_back("not reached");
    co_return;
  };
  auto work = [&]() -> eddy::Task<> {
    eddy::current_task().cancel();
    co_await eddy::try_finally(body(Tracked()), clean(log));
    log.push_back("not reached");
  };
  const std::string how = co_await ending(eddy::create_task(work()));
  CHECK(how == "CancelledError ");
  const std::vector<std::string> expected{"cleanup starts", "cleanup ends"};
  CHECK(log == expected);
  CHECK(Tracked::alive == 0);
}

EDDY_TEST_CASE("the error of a cleanup whose body was never started is delivered, and the cancel stays in force") {
  std::string caught;
  bool reached = false;
  auto work = [&]() -> eddy::Task<> {
    eddy::current_task().cancel();
    caught = co_await ending(eddy::try_finally(nap(1h), fail_after(1s, "cleanup")));
    co_await eddy::yield();
    reached = true;
  };
  const std::string how = co_await ending(eddy::create_task(work()));
  CHECK(how == "CancelledError ");
  CHECK(caught == "cleanup");
  CHECK_FALSE(reached);
}

EDDY_TEST_CASE("the error of a cleanup is delivered to a cancelled caller, who stops at his next blocking suspension") {
  std::string caught;
  bool reached = false;
  auto work = [&]() -> eddy::Task<> {
    caught = co_await ending(eddy::try_finally(nap(1h), fail_after(1s, "cleanup")));
    co_await eddy::yield();
    reached = true;
  };
  auto handle = eddy::create_task(work());
  co_await eddy::sleep(1s);
  handle.cancel();
  const std::string how = co_await ending(handle);
  CHECK(how == "CancelledError ");
  CHECK(caught == "cleanup");  // a stopped body is no error: nothing is nested
  CHECK_FALSE(reached);
}

EDDY_TEST_CASE("a body that was stopped is not reported when its cleanup throws a foreign type") {
  struct Odd {
    int code;
  };
  auto odd_cleanup = []() -> eddy::Task<> {
    co_await eddy::yield();
    throw Odd{7};
  };
  int code = 0;
  try {
    co_await eddy::timeout(1s, eddy::try_finally(nap(1h), odd_cleanup()));
  } catch (const Odd& odd) {
    code = odd.code;
  }
  CHECK(code == 7);
  CHECK(take_reports().empty());
}

EDDY_TEST_CASE("a body's own error while it is being cancelled is delivered after the cleanup") {
  std::vector<std::string> log;
  auto work = [&]() -> eddy::Task<> {
    auto stubborn = eddy::uncancellable(fail_after(3s, "body"));
    const std::string how = co_await ending(eddy::try_finally(std::move(stubborn), clean(log)));
    log.push_back("caught " + how);
    co_await eddy::yield();
    log.push_back("not reached");
  };
  auto handle = eddy::create_task(work());
  co_await eddy::sleep(1s);
  handle.cancel();
  const std::string how = co_await ending(handle);
  CHECK(how == "CancelledError ");
  const std::vector<std::string> expected{"cleanup starts", "cleanup ends", "caught body"};
  CHECK(log == expected);
}

EDDY_TEST_CASE(
    "a body that is left by somebody else's CancelledError is an error like any other: cleanup, then the throw") {
  std::vector<std::string> log;
  auto victim = eddy::create_task(nap(1h));
  eddy::get_running_loop().call_later(1s, [&] { victim.cancel("victim"); });
  const std::string how = co_await ending(eddy::try_finally(victim, clean(log)));
  CHECK(how == "CancelledError victim");
  const std::vector<std::string> expected{"cleanup starts", "cleanup ends"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("body and cleanup run in the caller's task") {
  const eddy::TaskRef caller = eddy::current_task();
  int same = 0;
  auto check = [&]() -> eddy::Task<> {
    co_await eddy::yield();
    if (eddy::current_task() == caller) ++same;
  };
  co_await eddy::try_finally(check(), check());
  CHECK(same == 2);
}

EDDY_TEST_CASE("the body's frame is gone before the cleanup starts") {
  int alive_in_cleanup = -1;
  auto body = []() -> eddy::Task<> {
    const Tracked tracked;
    co_await eddy::sleep(1s);
  };
  auto cleanup = [&]() -> eddy::Task<> {
    alive_in_cleanup = Tracked::alive;
    co_return;
  };
  co_await eddy::try_finally(body(), cleanup());
  CHECK(alive_in_cleanup == 0);
}

EDDY_TEST_CASE("nested cleanups run from the inside to the outside when the task is cancelled") {
  std::vector<std::string> log;
  auto note = [&](std::string line) -> eddy::Task<> {
    co_await eddy::sleep(1s);
    log.push_back(line);
  };
  auto work = [&]() -> eddy::Task<> {
    auto inner = eddy::try_finally(nap(1h), note("inner"));
    auto middle = eddy::try_finally(std::move(inner), note("middle"));
    co_await eddy::try_finally(std::move(middle), note("outer"));
  };
  auto handle = eddy::create_task(work());
  co_await eddy::sleep(1s);
  const auto start = now();
  handle.cancel();
  const std::string how = co_await ending(handle);
  CHECK(how == "CancelledError ");
  CHECK(now() - start == 3s);
  const std::vector<std::string> expected{"inner", "middle", "outer"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("a cleanup may create and await tasks, gather and time out while its task is cancelled") {
  std::vector<std::string> log;
  auto cleanup = [&]() -> eddy::Task<> {
    const int value = co_await eddy::create_task(after(1s, 1));
    log.push_back("task " + std::to_string(value));
    const auto [a, b] = co_await eddy::gather(after(1s, 2), after(1s, 3));
    log.push_back("gather " + std::to_string(a + b));
    const bool in_time = co_await eddy::move_on_after(1s, nap(1h));
    log.push_back(in_time ? "in time" : "moved on");
  };
  auto work = [&]() -> eddy::Task<> { co_await eddy::try_finally(nap(1h), cleanup()); };
  auto handle = eddy::create_task(work());
  co_await eddy::sleep(1s);
  handle.cancel();
  const std::string how = co_await ending(handle);
  CHECK(how == "CancelledError ");
  const std::vector<std::string> expected{"task 1", "gather 5", "moved on"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("a try_finally that is never awaited runs neither body nor cleanup") {
  std::vector<std::string> log;
  {
    auto unused = eddy::try_finally(clean(log), clean(log));
    co_await eddy::sleep(5s);
    static_cast<void>(unused);
  }
  CHECK(log.empty());
}

EDDY_LOOP_TEST_CASE("the end of run lets the cleanups of leftover tasks finish") {
  std::vector<std::string> log;
  run_virtual([&]() -> eddy::Task<> {
    auto work = [&]() -> eddy::Task<> { co_await eddy::try_finally(nap(1h), clean(log, 10s)); };
    const auto leftover = eddy::create_task(work());
    co_await eddy::sleep(1s);
    CHECK_FALSE(leftover.done());
  });
  const std::vector<std::string> expected{"cleanup starts", "cleanup ends"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("uncancellable with a limit inside a cleanup bounds it") {
  std::string how_inside;
  auto cleanup = [&]() -> eddy::Task<> { how_inside = co_await ending(eddy::uncancellable(2s, nap(1h))); };
  auto work = [&]() -> eddy::Task<> { co_await eddy::try_finally(nap(1h), cleanup()); };
  auto handle = eddy::create_task(work());
  co_await eddy::sleep(1s);
  const auto start = now();
  handle.cancel();
  const std::string how = co_await ending(handle);
  CHECK(how == "CancelledError ");
  CHECK(how_inside.find("timed out") == 0);
  CHECK(now() - start == 2s);
}

EDDY_TEST_CASE("a body that awaits a cancelled task leaves try_finally as a CancelledError, and the caller goes on") {
  static std::string caught;  // the caller may outlive this test, if that is stopped
  caught.clear();
  auto victim = eddy::create_task(nap(1h));
  victim.cancel("gone");
  const auto caller = [](eddy::TaskHandle<> other) -> eddy::Task<> {
    const auto awaits = [](eddy::TaskHandle<> awaited) -> eddy::Task<> { co_await awaited; };
    caught = co_await ending(eddy::try_finally(awaits(other), nap(1s)));
    co_await eddy::sleep(1s);
    caught += ", went on";
  };
  auto task = eddy::create_task(caller(victim));
  const std::string how = co_await ending(task);
  CHECK(how == "value");
  CHECK(caught == "CancelledError gone, went on");
}
