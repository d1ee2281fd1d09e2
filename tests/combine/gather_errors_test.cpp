// gather: what happens when a child fails, is cancelled, or when the caller is cancelled; owned tasks, handles and both.
//
// SPDX-License-Identifier: MIT
#include "support/work.hpp"

#include <algorithm>
#include <optional>
#include <tuple>

using namespace test;

namespace {

eddy::Task<int> fail_at_once(std::string what) {
  throw std::runtime_error(what);
  co_return 0;
}

template <class T>
eddy::Task<T> at_once(T value) {
  co_return value;
}

// Sleeps, and says when its frame is destroyed without having come to its end.
// A child that a stop cannot hurry: its cleanup takes `delay`.
eddy::Task<> slow_to_stop(std::chrono::nanoseconds delay) { co_await eddy::try_finally(nap(1h), nap(delay)); }

}  // namespace

EDDY_TEST_CASE("the first error of owned children cancels the siblings, waits for them, and is thrown",
               "[c81][order]") {
  std::vector<std::string> log;
  const auto start = now();
  const std::string how =
      co_await ending(eddy::gather(logged<int>(log, "a", 1h), fail_after<int>(2s, "bad"), logged<int>(log, "c", 1h)));
  CHECK(how == "bad");
  CHECK(now() - start == 2s);
  const std::vector<std::string> expected{"a starts", "c starts", "a gone", "c gone"};
  CHECK(log == expected);
  CHECK(eddy::all_tasks().size() == 1);
}

EDDY_TEST_CASE("gather does not throw before a sibling's cleanup has ended", "[c81]") {
  const auto start = now();
  const std::string how = co_await ending(eddy::gather(fail_after<int>(1s, "bad"), slow_to_stop(3s)));
  CHECK(how == "bad");
  CHECK(now() - start == 4s);
}

EDDY_TEST_CASE("after an error gather does not throw before a child that cannot be stopped has ended", "[c81]") {
  const auto start = now();
  bool ended = false;
  auto protected_work = [&]() -> eddy::Task<> {
    co_await eddy::uncancellable(nap(5s));
    ended = true;
  };
  const std::string how = co_await ending(eddy::gather(fail_after<int>(1s, "bad"), protected_work()));
  CHECK(how == "bad");
  CHECK(ended);
  CHECK(now() - start == 5s);
}

EDDY_TEST_CASE("a handle runs on when a sibling handle fails, and gather throws at once", "[c81]") {
  const auto start = now();
  auto slow = eddy::create_task(after(5s, 7));
  auto bad = eddy::create_task(fail_after<int>(1s, "bad"));
  const std::string how = co_await ending(eddy::gather(slow, bad));
  CHECK(how == "bad");
  CHECK(now() - start == 1s);
  CHECK_FALSE(slow.done());
  CHECK(slow.cancelling() == 0);
  const int value = co_await slow;
  CHECK(value == 7);
  CHECK(now() - start == 5s);
}

EDDY_TEST_CASE("in a mixed gather a failing handle cancels the owned tasks and leaves the other handles alone",
               "[c81]") {
  std::vector<std::string> log;
  const auto start = now();
  auto slow = eddy::create_task(after(5s, 7));
  auto bad = eddy::create_task(fail_after<int>(1s, "bad"));
  const std::string how = co_await ending(eddy::gather(logged<int>(log, "own", 1h), slow, bad));
  CHECK(how == "bad");
  CHECK(now() - start == 1s);
  const std::vector<std::string> expected{"own starts", "own gone"};
  CHECK(log == expected);
  CHECK_FALSE(slow.done());
  CHECK(slow.cancelling() == 0);
  const int value = co_await slow;
  CHECK(value == 7);
}

EDDY_TEST_CASE("in a mixed gather a failing owned task cancels its owned siblings, and the handles run on", "[c81]") {
  auto slow = eddy::create_task(after(5s, 7));
  const auto start = now();
  const std::string how = co_await ending(eddy::gather(slow, fail_after<int>(1s, "bad"), nap(1h)));
  CHECK(how == "bad");
  CHECK(now() - start == 1s);
  const int value = co_await slow;
  CHECK(value == 7);
}

EDDY_TEST_CASE("after a child that fails before its first suspension the later ones are destroyed unstarted") {
  std::vector<std::string> log;
  const std::string how =
      co_await ending(eddy::gather(logged<int>(log, "a", 1h), fail_at_once("bad"), logged<int>(log, "never", 1h)));
  CHECK(how == "bad");
  const std::vector<std::string> expected{"a starts", "a gone"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("after a synchronous failure the arguments of the unstarted children are destroyed") {
  bool ran = false;
  auto child = [&](Tracked) -> eddy::Task<> {
    ran = true;
    co_return;
  };
  std::vector<eddy::Task<>> tasks;
  auto bad = []() -> eddy::Task<> {
    throw std::runtime_error("bad");
    co_return;
  };
  tasks.push_back(bad());
  tasks.push_back(child(Tracked()));
  tasks.push_back(child(Tracked()));
  CHECK(Tracked::alive == 2);
  const std::string how = co_await ending(eddy::gather(std::move(tasks)));
  CHECK(how == "bad");
  CHECK_FALSE(ran);
  CHECK(Tracked::alive == 0);
}

EDDY_TEST_CASE("with return_exceptions all children start, also after one that fails at once", "[c82]") {
  const auto [a, b] = co_await eddy::gather(eddy::return_exceptions, fail_at_once("bad"), after(1s, 2));
  CHECK(a.has_exception());
  CHECK(a.what() == "bad");
  REQUIRE(b.has_value());
  CHECK(*b == 2);
}

EDDY_TEST_CASE("a handle that has failed already keeps gather from starting the tasks behind it") {
  auto bad = eddy::create_task(fail_at_once("bad"));
  co_await test::settle();
  REQUIRE(bad.done());
  std::vector<std::string> log;
  const auto start = now();
  const std::string how = co_await ending(eddy::gather(bad, logged<int>(log, "never", 1h)));
  CHECK(how == "bad");
  CHECK(now() - start == 0s);
  CHECK(log.empty());
}

EDDY_TEST_CASE("a handle that has failed already makes gather throw at once, without waiting for the handles behind it",
               "") {
  auto bad = eddy::create_task(fail_at_once("bad"));
  auto slow = eddy::create_task(after(5s, 7));
  co_await test::settle();
  REQUIRE(bad.done());
  const auto start = now();
  const std::string how = co_await ending(eddy::gather(bad, slow));
  CHECK(how == "bad");
  CHECK(now() - start == 0s);
  CHECK_FALSE(slow.done());
  const int value = co_await slow;
  CHECK(value == 7);
}

EDDY_TEST_CASE("gather with return_exceptions gives every failure as a value and stops nobody", "[c82]") {
  const auto start = now();
  const auto [a, b, c, d] = co_await eddy::gather(eddy::return_exceptions, after(3s, 1), fail_after<int>(1s, "first"),
                                                  fail_after<int>(2s, "second"), nap(1s));
  static_assert(std::is_same_v<decltype(a), const eddy::Outcome<int>>);
  static_assert(std::is_same_v<decltype(d), const eddy::Outcome<void>>);
  REQUIRE(a.has_value());
  CHECK(a.value() == 1);
  CHECK(b.what() == "first");
  CHECK(c.what() == "second");
  CHECK_THROWS_AS(c.value(), std::runtime_error);
  CHECK(d.has_value());
  CHECK(now() - start == 3s);
}

EDDY_TEST_CASE("gather of a range with return_exceptions gives a vector of Outcome", "[c82]") {
  std::vector<eddy::Task<int>> tasks;
  tasks.push_back(after(2s, 1));
  tasks.push_back(fail_after<int>(1s, "bad"));
  tasks.push_back(fail_at_once("at once"));
  const auto outcomes = co_await eddy::gather(eddy::return_exceptions, std::move(tasks));
  static_assert(std::is_same_v<decltype(outcomes), const std::vector<eddy::Outcome<int>>>);
  REQUIRE(outcomes.size() == 3);
  CHECK(outcomes[0].value() == 1);
  CHECK(outcomes[1].what() == "bad");
  CHECK(outcomes[2].what() == "at once");
}

EDDY_TEST_CASE("gather of a range of handles with return_exceptions gives their outcomes", "[c82]") {
  std::vector<eddy::TaskHandle<int>> handles;
  handles.push_back(eddy::create_task(after(2s, 1)));
  handles.push_back(eddy::create_task(fail_after<int>(1s, "bad")));
  handles.push_back(eddy::create_task(after(1h, 3)));
  handles[2].cancel("enough");
  const auto outcomes = co_await eddy::gather(eddy::return_exceptions, handles);
  REQUIRE(outcomes.size() == 3);
  CHECK(outcomes[0].value() == 1);
  CHECK(outcomes[1].what() == "bad");
  CHECK(outcomes[2].cancelled());
  CHECK(outcomes[2].what() == "enough");
}

EDDY_TEST_CASE("gather with return_exceptions of a void range gives Outcome<void> elements", "[c82]") {
  auto bad = []() -> eddy::Task<> {
    co_await eddy::yield();
    throw std::runtime_error("bad");
  };
  std::vector<eddy::Task<>> tasks;
  tasks.push_back(nap(1s));
  tasks.push_back(bad());
  const auto outcomes = co_await eddy::gather(eddy::return_exceptions, std::move(tasks));
  REQUIRE(outcomes.size() == 2);
  CHECK(outcomes[0].has_value());
  CHECK(outcomes[1].what() == "bad");
}

EDDY_TEST_CASE("a child that somebody cancels makes gather throw CancelledError; the caller is not cancelled",
               "[c84]") {
  eddy::TaskRef victim;
  auto child = [&]() -> eddy::Task<> {
    victim = eddy::current_task();
    co_await eddy::sleep(1h);
  };
  eddy::get_running_loop().call_later(1s, [&] { victim.cancel("not you"); });
  const auto start = now();
  const std::string how = co_await ending(eddy::gather(child(), nap(1h)));
  CHECK(how == "CancelledError not you");
  CHECK(now() - start == 1s);
  CHECK(eddy::current_task().cancelling() == 0);
  co_await eddy::sleep(1s);
  CHECK(now() - start == 2s);
}

EDDY_TEST_CASE("a handle that somebody cancels makes gather throw CancelledError; other handles run on", "[c84]") {
  auto victim = eddy::create_task(nap(1h));
  auto other = eddy::create_task(after(2s, 1));
  eddy::get_running_loop().call_later(1s, [&] { victim.cancel("not you"); });
  const std::string how = co_await ending(eddy::gather(victim, other));
  CHECK(how == "CancelledError not you");
  CHECK_FALSE(other.done());
  const int value = co_await other;
  CHECK(value == 1);
}

EDDY_TEST_CASE("a child that is left by an uncaught CancelledError is that slot's CancelledError", "[c84]") {
  auto victim = eddy::create_task(nap(1h));
  auto child = [&]() -> eddy::Task<> { co_await victim; };
  eddy::get_running_loop().call_later(1s, [&] { victim.cancel("gone"); });
  const auto [a, b] = co_await eddy::gather(eddy::return_exceptions, child(), after(2s, 1));
  CHECK(a.cancelled());
  CHECK(a.what() == "gone");
  CHECK(b.value() == 1);
}

EDDY_TEST_CASE("when two children fail the second error is dropped without a report", "[c85][order]") {
  const std::string how = co_await ending(eddy::gather(fail_after<int>(1s, "first"), fail_after<int>(1s, "second")));
  CHECK(how == "first");
  auto failing_cleanup = []() -> eddy::Task<> {
    co_await eddy::sleep(1s);
    throw std::runtime_error("cleanup");
  };
  auto stopped = [&]() -> eddy::Task<> { co_await eddy::try_finally(nap(1h), failing_cleanup()); };
  const std::string again = co_await ending(eddy::gather(fail_after<int>(1s, "first"), stopped()));
  CHECK(again == "first");
  CHECK(take_reports().empty());
}

EDDY_TEST_CASE("when two handles have failed in the same turn, the second error is dropped without a report",
               "[c85][order]") {
  const std::string how = co_await ending(
      eddy::gather(eddy::create_task(fail_after<int>(1s, "first")), eddy::create_task(fail_after<int>(1s, "second"))));
  CHECK(how == "first");
  CHECK(take_reports().empty());
  {
    const auto a = eddy::create_task(fail_at_once("first"));
    const auto b = eddy::create_task(fail_at_once("second"));
    co_await eddy::sleep(1s);
    const std::string both_done = co_await ending(eddy::gather(a, b));
    CHECK(both_done == "first");
  }
  CHECK(take_reports().empty());
}

EDDY_TEST_CASE("the first error is the first in time, not the first in the order of the arguments", "[c85]") {
  const std::string how = co_await ending(eddy::gather(fail_after<int>(2s, "late"), fail_after<int>(1s, "early")));
  CHECK(how == "early");
}

EDDY_TEST_CASE("with return_exceptions a cancelled child appears as a cancelled Outcome", "[c86]") {
  eddy::TaskRef victim;
  auto child = [&]() -> eddy::Task<int> {
    victim = eddy::current_task();
    co_await eddy::sleep(1h);
    co_return 1;
  };
  eddy::get_running_loop().call_later(1s, [&] { victim.cancel("reason"); });
  const auto [a, b] = co_await eddy::gather(eddy::return_exceptions, child(), after(2s, 2));
  CHECK(a.cancelled());
  CHECK_FALSE(a.has_exception());
  CHECK_FALSE(a.has_value());
  CHECK(a.what() == "reason");
  CHECK_THROWS_AS(a.value(), eddy::CancelledError);
  CHECK(b.value() == 2);
}

EDDY_TEST_CASE("a cancel of the caller stops all children before the caller is unwound", "[c87][order]") {
  std::vector<std::string> log;
  auto parent = [&]() -> eddy::Task<> {
    const OnExit exit(log, "parent gone");
    co_await eddy::gather(logged<int>(log, "a", 1h), logged<int>(log, "b", 1h));
    log.push_back("not reached");
  };
  auto handle = eddy::create_task(parent());
  co_await eddy::sleep(1s);
  CHECK(handle.cancel());
  const std::string how = co_await ending(handle);
  CHECK(how == "CancelledError ");
  const std::vector<std::string> expected{"a starts", "b starts", "a gone", "b gone", "parent gone"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("a cancel of the caller also stops a gather with return_exceptions", "[c87]") {
  bool reached = false;
  auto parent = [&]() -> eddy::Task<> {
    (void)co_await eddy::gather(eddy::return_exceptions, nap(1h), nap(1h));
    reached = true;
  };
  auto handle = eddy::create_task(parent());
  co_await eddy::sleep(1s);
  handle.cancel();
  const std::string how = co_await ending(handle);
  CHECK(how == "CancelledError ");
  CHECK(handle.cancelled());
  CHECK_FALSE(reached);
}

EDDY_TEST_CASE("a cancelled caller is unwound only after the children's cleanups", "[c87]") {
  auto parent = []() -> eddy::Task<> { co_await eddy::gather(slow_to_stop(2s), slow_to_stop(5s), nap(1h)); };
  auto handle = eddy::create_task(parent());
  co_await eddy::sleep(1s);
  const auto start = now();
  handle.cancel();
  const std::string how = co_await ending(handle);
  CHECK(how == "CancelledError ");
  CHECK(now() - start == 5s);
}

EDDY_TEST_CASE("a cancel goes through gathers within gathers") {
  std::vector<std::string> log;
  auto inner = [&](std::string name) -> eddy::Task<> {
    co_await eddy::gather(logged<int>(log, name + "1", 1h), logged<int>(log, name + "2", 1h));
  };
  auto outer = [&]() -> eddy::Task<> { co_await eddy::gather(inner("a"), inner("b")); };
  auto handle = eddy::create_task(outer());
  co_await eddy::sleep(1s);
  log.clear();
  handle.cancel();
  const std::string how = co_await ending(handle);
  CHECK(how == "CancelledError ");
  std::sort(log.begin(), log.end());
  const std::vector<std::string> expected{"a1 gone", "a2 gone", "b1 gone", "b2 gone"};
  CHECK(log == expected);
  CHECK(eddy::all_tasks().size() == 1);
}

EDDY_TEST_CASE("entering gather with a cancel in force starts nothing") {
  std::vector<std::string> log;
  auto parent = [&]() -> eddy::Task<> {
    eddy::current_task().cancel();
    const OnExit exit(log, "parent gone");
    co_await eddy::gather(logged<int>(log, "a", 1h), logged<int>(log, "b", 1h));
    log.push_back("not reached");
  };
  auto handle = eddy::create_task(parent());
  const std::string how = co_await ending(handle);
  CHECK(how == "CancelledError ");
  const std::vector<std::string> expected{"parent gone"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("entering gather of running handles with a cancel in force stops without cancelling them") {
  auto other = eddy::create_task(after(1s, 1));
  auto parent = [&]() -> eddy::Task<> {
    eddy::current_task().cancel();
    (void)co_await eddy::gather(other);
  };
  auto handle = eddy::create_task(parent());
  const std::string how = co_await ending(handle);
  CHECK(how == "CancelledError ");
  CHECK(other.cancelling() == 0);
  const int value = co_await other;
  CHECK(value == 1);
}

EDDY_TEST_CASE("an empty gather completes even with a cancel in force, since it does not block") {
  auto parent = []() -> eddy::Task<int> {
    eddy::current_task().cancel();
    co_await eddy::gather();
    co_return 5;
  };
  const int value = co_await eddy::create_task(parent());
  CHECK(value == 5);
}

EDDY_TEST_CASE(
    "when every child gives its value although it was told to stop, gather delivers them and the cancel stays in "
    "force") {
  int delivered = 0;
  bool reached = false;
  auto stubborn = [](int value) -> eddy::Task<int> {
    co_await eddy::uncancellable(nap(5s));
    co_return value;
  };
  auto parent = [&]() -> eddy::Task<> {
    const auto [a, b] = co_await eddy::gather(stubborn(1), stubborn(2));
    delivered = a + b;
    co_await eddy::sleep(1s);
    reached = true;
  };
  auto handle = eddy::create_task(parent());
  co_await eddy::sleep(1s);
  handle.cancel();
  const auto start = now();
  const std::string how = co_await ending(handle);
  CHECK(how == "CancelledError ");
  CHECK(delivered == 3);
  CHECK_FALSE(reached);
  CHECK(now() - start == 4s);
}

EDDY_TEST_CASE("when one child was stopped and another gave its value, a cancelled caller stops") {
  bool reached = false;
  auto stubborn = []() -> eddy::Task<int> {
    co_await eddy::uncancellable(nap(5s));
    co_return 1;
  };
  auto parent = [&]() -> eddy::Task<> {
    (void)co_await eddy::gather(stubborn(), nap(1h));
    reached = true;
  };
  auto handle = eddy::create_task(parent());
  co_await eddy::sleep(1s);
  handle.cancel();
  const std::string how = co_await ending(handle);
  CHECK(how == "CancelledError ");
  CHECK_FALSE(reached);
}

EDDY_TEST_CASE("a child's error while the caller is being cancelled is delivered, and the cancel stays in force") {
  std::string caught;
  bool reached = false;
  auto failing_cleanup = []() -> eddy::Task<> {
    co_await eddy::sleep(2s);
    throw std::runtime_error("cleanup");
  };
  auto child = [&]() -> eddy::Task<> { co_await eddy::try_finally(nap(1h), failing_cleanup()); };
  auto parent = [&]() -> eddy::Task<> {
    caught = co_await ending(eddy::gather(child(), nap(1h)));
    co_await eddy::sleep(1s);
    reached = true;
  };
  auto handle = eddy::create_task(parent());
  co_await eddy::sleep(1s);
  handle.cancel();
  const std::string how = co_await ending(handle);
  CHECK(caught == "cleanup");
  CHECK(how == "CancelledError ");
  CHECK_FALSE(reached);
}

EDDY_TEST_CASE("children that give their values in the turn of the cancel are delivered", "[order]") {
  int delivered = 0;
  auto parent = [&]() -> eddy::Task<> {
    const auto [a, b] = co_await eddy::gather(after(1s, 1), after(1s, 2));
    delivered = a + b;
    co_await eddy::yield();
    delivered = -1;
  };
  auto handle = eddy::create_task(parent());
  eddy::get_running_loop().call_later(1s, [&] { handle.cancel(); });  // due with the children's sleeps, and before them
  co_await eddy::sleep(2s);
  CHECK(handle.cancelled());
  CHECK(delivered == 3);
}

EDDY_TEST_CASE("a cancel of the caller is forwarded to every handle that gather waits for") {
  auto a = eddy::create_task(nap(1h));
  auto b = eddy::create_task(nap(2h));
  auto parent = [&]() -> eddy::Task<> { co_await eddy::gather(a, b); };
  auto handle = eddy::create_task(parent());
  co_await eddy::sleep(1s);
  handle.cancel();
  const std::string how = co_await ending(handle);
  CHECK(how == "CancelledError ");
  CHECK(a.cancelled());
  CHECK(b.cancelled());
}

EDDY_TEST_CASE("a cancel of the caller is forwarded to the futures that gather waits for") {
  const auto future = eddy::get_running_loop().create_future<int>();
  auto parent = [&]() -> eddy::Task<> { (void)co_await eddy::gather(future, nap(1h)); };
  auto handle = eddy::create_task(parent());
  co_await eddy::sleep(1s);
  handle.cancel();
  const std::string how = co_await ending(handle);
  CHECK(how == "CancelledError ");
  CHECK(future.cancelled());
}

EDDY_TEST_CASE("a cancel of the caller of a mixed gather goes to tasks and handles") {
  std::vector<std::string> log;
  auto running = eddy::create_task(nap(1h));
  auto parent = [&]() -> eddy::Task<> { (void)co_await eddy::gather(logged<int>(log, "own", 1h), running); };
  auto handle = eddy::create_task(parent());
  co_await eddy::sleep(1s);
  handle.cancel();
  const std::string how = co_await ending(handle);
  CHECK(how == "CancelledError ");
  CHECK(running.cancelled());
  const std::vector<std::string> expected{"own starts", "own gone"};
  CHECK(log == expected);
}

EDDY_TEST_CASE(
    "a caller that was cancelled in gather of a handle stops whatever the handle gives; the value stays in the "
    "handle") {
  auto stubborn = []() -> eddy::Task<int> {
    co_await eddy::uncancellable(nap(5s));
    co_return 42;
  };
  auto running = eddy::create_task(stubborn());
  bool reached = false;
  auto parent = [&]() -> eddy::Task<> {
    (void)co_await eddy::gather(running);
    reached = true;
  };
  auto handle = eddy::create_task(parent());
  co_await eddy::sleep(1s);
  handle.cancel();
  const std::string how = co_await ending(handle);
  CHECK(how == "CancelledError ");
  CHECK_FALSE(reached);
  CHECK(running.result() == 42);
}

EDDY_TEST_CASE("the error of a handle whose gather was cancelled counts as not retrieved") {
  auto failing_cleanup = []() -> eddy::Task<> { (void)co_await fail_at_once("cleanup"); };
  auto work = [&]() -> eddy::Task<> { co_await eddy::try_finally(nap(1h), failing_cleanup()); };
  {
    auto running = eddy::create_task(work());
    auto parent = [](eddy::TaskHandle<> inner) -> eddy::Task<> { co_await eddy::gather(std::move(inner)); };
    auto handle = eddy::create_task(parent(std::move(running)));
    co_await eddy::sleep(1s);
    handle.cancel();
    const std::string how = co_await ending(handle);
    CHECK(how == "CancelledError ");
  }
  const std::vector<std::string> reports = take_reports();
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].find("cleanup") != std::string::npos);
}

EDDY_TEST_CASE("a handle that gives its value in the turn of the cancel keeps gather's result from being lost",
               "[order]") {
  int delivered = 0;
  auto running = eddy::create_task(after(1s, 7));
  auto parent = [&]() -> eddy::Task<> {
    const auto [value] = co_await eddy::gather(running);
    delivered = value;
    co_await eddy::yield();
    delivered = -1;
  };
  auto handle = eddy::create_task(parent());
  // Stands before gather in the list of those who wait: it runs between the end of `running` and gather's turn.
  running.add_done_callback([&] { handle.cancel(); });
  co_await eddy::sleep(2s);
  CHECK(handle.cancelled());
  CHECK(delivered == 7);
}

EDDY_TEST_CASE("gather of shields: a cancel of the caller leaves the children running", "[c91]") {
  auto a = eddy::create_task(after(2s, 1));
  auto b = eddy::create_task(after(3s, 2));
  auto parent = [&]() -> eddy::Task<> { (void)co_await eddy::gather(eddy::shield(a), eddy::shield(b)); };
  auto handle = eddy::create_task(parent());
  co_await eddy::sleep(1s);
  const auto start = now();
  handle.cancel();
  const std::string how = co_await ending(handle);
  CHECK(how == "CancelledError ");
  CHECK(now() - start == 0s);
  const auto [x, y] = co_await eddy::gather(a, b);
  CHECK(x == 1);
  CHECK(y == 2);
}

EDDY_TEST_CASE("shield of a gather: a cancel of the caller leaves the gather running", "[c92]") {
  auto both = []() -> eddy::Task<int> {
    const auto [a, b] = co_await eddy::gather(after(2s, 1), after(3s, 2));
    co_return a + b;
  };
  auto inner = eddy::create_task(both());
  auto parent = [&]() -> eddy::Task<> { (void)co_await eddy::shield(inner); };
  auto handle = eddy::create_task(parent());
  co_await eddy::sleep(1s);
  handle.cancel();
  const std::string how = co_await ending(handle);
  CHECK(how == "CancelledError ");
  CHECK_FALSE(inner.done());
  const int sum = co_await inner;
  CHECK(sum == 3);
}

EDDY_TEST_CASE("a function that returns a gather can be a task, and be shielded", "[c92]") {
  auto make = [] { return eddy::gather(after(1s, 1), after(2s, 2)); };
  auto inner = eddy::create_task(make);
  const auto [a, b] = co_await eddy::shield(inner);
  CHECK(a == 1);
  CHECK(b == 2);
}

EDDY_TEST_CASE("a task can still be cancelled after its gather has returned or failed", "[c100]") {
  int stage = 0;
  auto parent = [&]() -> eddy::Task<> {
    (void)co_await eddy::gather(nap(1s), after(1s, 1));
    stage = 1;
    const std::string how = co_await ending(eddy::gather(fail_after<int>(1s, "bad"), nap(1h)));
    stage = how == "bad" ? 2 : -1;
    co_await eddy::sleep(1h);
    stage = 3;
  };
  auto handle = eddy::create_task(parent());
  co_await eddy::sleep(10s);
  CHECK(stage == 2);
  handle.cancel();
  const std::string how = co_await ending(handle);
  CHECK(how == "CancelledError ");
  CHECK(stage == 2);
}

EDDY_TEST_CASE("the siblings' stop is not the caller's: after gather's error the caller goes on undisturbed",
               "[c100]") {
  std::size_t asked = 99;
  auto sibling = [&]() -> eddy::Task<> {
    const eddy::TaskRef self = eddy::current_task();
    auto ask = [&]() -> eddy::Task<> {
      asked = self.cancelling();
      co_return;
    };
    co_await eddy::try_finally(nap(1h), ask());
  };
  const std::string how = co_await ending(eddy::gather(fail_after<int>(1s, "bad"), sibling()));
  CHECK(how == "bad");
  CHECK(asked == 0);  // a group's stop does not count as a cancel()
  CHECK(eddy::current_task().cancelling() == 0);
  co_await eddy::sleep(1s);
}

EDDY_TEST_CASE("a child that cancels its parent stops itself and its siblings at their next suspension") {
  std::vector<std::string> log;
  auto parent = [&]() -> eddy::Task<> {
    const eddy::TaskRef self = eddy::current_task();
    auto saboteur = [&]() -> eddy::Task<> {
      co_await eddy::sleep(1s);
      self.cancel();
      log.push_back("saboteur goes on");
      co_await eddy::sleep(1s);
      log.push_back("not reached");
    };
    co_await eddy::gather(saboteur(), logged<int>(log, "sibling", 1h));
    log.push_back("not reached");
  };
  const std::string how = co_await ending(eddy::create_task(parent()));
  CHECK(how == "CancelledError ");
  const std::vector<std::string> expected{"sibling starts", "saboteur goes on", "sibling gone"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("gather of the running task's own handle is an error, not a hang") {
  std::optional<eddy::TaskHandle<>> self;
  auto waits_for_itself = [&]() -> eddy::Task<> { co_await eddy::gather(*self, nap(1s)); };
  self = eddy::create_task(waits_for_itself());
  co_await eddy::sleep(5s);
  REQUIRE(self->done());
  CHECK_THROWS_AS(self->result(), eddy::RuntimeError);
}

EDDY_TEST_CASE("a child's exception of any type passes through gather with its type") {
  struct Odd {
    int code;
  };
  auto bad = []() -> eddy::Task<> {
    co_await eddy::yield();
    throw Odd{7};
  };
  int code = 0;
  try {
    co_await eddy::gather(nap(1h), bad());
  } catch (const Odd& odd) {
    code = odd.code;
  }
  CHECK(code == 7);
}

EDDY_TEST_CASE("ten thousand children of a failing gather are stopped and destroyed once each", "[large]") {
  auto child = []() -> eddy::Task<int> {
    const Tracked tracked;
    co_await eddy::sleep(1h);
    co_return 1;
  };
  std::vector<eddy::Task<int>> tasks;
  for (int i = 0; i < 10'000; ++i) tasks.push_back(child());
  tasks.push_back(fail_after<int>(1s, "bad"));
  const std::string how = co_await ending(eddy::gather(std::move(tasks)));
  CHECK(how == "bad");
  CHECK(Tracked::alive == 0);
}

EDDY_TEST_CASE("a function of the program may take return_exceptions and pass it on") {
  const auto both = [](eddy::ReturnExceptions tag) -> eddy::Task<std::string> {
    const auto fail = []() -> eddy::Task<int> {
      co_await eddy::yield();
      throw std::runtime_error("no");
    };
    const auto one = []() -> eddy::Task<int> { co_return 1; };
    auto [bad, good] = co_await eddy::gather(tag, fail(), one());
    co_return bad.what() + std::to_string(good.value());
  };
  const std::string text = co_await both(eddy::return_exceptions);
  CHECK(text == "no1");
}

EDDY_TEST_CASE("a handle that ends while gather still stops a child after an error does not matter any more", "[c81]") {
  auto failing = eddy::create_task(fail_after<int>(1s, "bad"));
  auto other = eddy::create_task(after(2s, 7));
  const auto start = now();
  const std::string how = co_await ending(eddy::gather(failing, slow_to_stop(3s), other));
  CHECK(how == "bad");
  CHECK(now() - start == 4s);
  CHECK(other.done());
}

EDDY_TEST_CASE("a gather of handles that is cancelled is no exception for its caller", "[c81]") {
  co_await test::check_cancel_is_no_exception([](eddy::TaskHandle<int> handle, bool in_range) -> eddy::Task<> {
    std::vector<eddy::TaskHandle<int>> handles{handle};
    if (in_range) {
      co_await eddy::gather(handles);
    } else {
      co_await eddy::gather(handle, after(1h, 1));
    }
  });
}

EDDY_LOOP_TEST_CASE("tasks that gather each other's handles in a cycle are stopped at the end of run, and not before",
                    "[c81]") {
  enum class With { nothing, a_sleeping_child, a_child_that_waits };
  for (const With with : {With::nothing, With::a_sleeping_child, With::a_child_that_waits}) {
    eddy::TaskHandle<> first, second;
    const auto await_it = [](eddy::TaskHandle<>* other) -> eddy::Task<> { co_await *other; };
    const auto awaits = [&](eddy::TaskHandle<>* other) -> eddy::Task<> {
      co_await eddy::sleep(1s);
      if (with == With::nothing) co_await eddy::gather(*other);
      if (with == With::a_sleeping_child) co_await eddy::gather(*other, nap(1h));
      if (with == With::a_child_that_waits) co_await eddy::gather(await_it(other), nap(1h));
    };
    run_virtual([&]() -> eddy::Task<> {
      first = eddy::create_task(awaits(&second));
      second = eddy::create_task(awaits(&first));
      co_await eddy::sleep(2s);
      first.cancel();
      co_await eddy::sleep(1s);
      CHECK_FALSE(first.done());
      CHECK_FALSE(second.done());
    });
    CHECK(first.cancelled());
    CHECK(second.cancelled());
  }
}

EDDY_TEST_CASE("a gather of a vector that is not awaited destroys its tasks") {
  const int before = Tracked::alive;
  {
    const auto keeps = [](Tracked) -> eddy::Task<int> { co_return 1; };
    std::vector<eddy::Task<int>> tasks;
    tasks.push_back(keeps(Tracked()));
    tasks.push_back(keeps(Tracked()));
    [[maybe_unused]] const auto unused = eddy::gather(std::move(tasks));
    CHECK(Tracked::alive == before + 2);
  }
  CHECK(Tracked::alive == before);
  co_return;
}

EDDY_TEST_CASE("gather of a range throws at once if one of the handles has failed already, wherever it stands", "[c81]") {
  for (const bool first : {true, false}) {
    auto bad = eddy::create_task(fail_at_once("bad"));
    auto slow = eddy::create_task(after(5s, 7));
    co_await test::settle();
    REQUIRE(bad.done());
    const std::vector<eddy::TaskHandle<int>> handles{first ? bad : slow, first ? slow : bad};
    const auto start = now();
    const std::string how = co_await ending(eddy::gather(handles));
    CHECK(how == "bad");
    CHECK(now() - start == 0s);
    CHECK_FALSE(slow.done());
    (void)co_await slow;
  }
}

EDDY_TEST_CASE("of the handles of a range that have failed already the first error is thrown, and all count as seen",
               "[c85]") {
  {
    const std::vector<eddy::TaskHandle<int>> handles{eddy::create_task(fail_at_once("first")),
                                                     eddy::create_task(fail_at_once("second"))};
    co_await eddy::sleep(1s);
    const std::string how = co_await ending(eddy::gather(handles));
    CHECK(how == "first");
  }
  CHECK(take_reports().empty());
}

EDDY_TEST_CASE("a gather of what has ended completes at once, even with a cancel in force") {
  static std::vector<std::string> log;  // the caller may outlive this test, if that is stopped
  log.clear();
  auto one = eddy::create_task(at_once(1));
  auto two = eddy::create_task(at_once(2));
  co_await test::settle();
  REQUIRE((one.done() && two.done()));
  const auto caller = [](eddy::TaskHandle<int> a, eddy::TaskHandle<int> b) -> eddy::Task<> {
    eddy::current_task().cancel();
    const auto [first, second] = co_await eddy::gather(a, b);
    log.push_back("a tuple of " + std::to_string(first + second));
    const std::vector<eddy::TaskHandle<int>> handles{a, b};
    const std::vector<int> values = co_await eddy::gather(handles);
    log.push_back("a range of " + std::to_string(values.size()));
    const std::vector<int> none = co_await eddy::gather(std::vector<eddy::Task<int>>());
    log.push_back("a range of " + std::to_string(none.size()));
    co_await eddy::sleep(1s);
    log.push_back("not stopped");
  };
  const std::string how = co_await ending(eddy::create_task(caller(one, two)));
  CHECK(how == "CancelledError ");
  const std::vector<std::string> expected{"a tuple of 3", "a range of 2", "a range of 0"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("a future that fails makes gather throw at once", "[c81]") {
  auto& loop = eddy::get_running_loop();
  const auto future = loop.create_future<int>();
  auto slow = eddy::create_task(after(5s, 7));
  loop.call_later(1s, [future] { future.set_exception(std::make_exception_ptr(std::runtime_error("bad"))); });
  const auto start = now();
  const std::string how = co_await ending(eddy::gather(slow, future));
  CHECK(how == "bad");
  CHECK(now() - start == 1s);
  (void)co_await slow;
}

EDDY_TEST_CASE("if a future was set in the turn of the caller's cancel and the children give values, gather delivers all",
               "[c87]") {
  static std::vector<std::string> log;  // the caller may outlive this test, if that is stopped
  for (const bool range : {false, true}) {
    log.clear();
    const auto future = eddy::get_running_loop().create_future<int>();
    const auto caller = [](eddy::Future<int> given, bool in_range) -> eddy::Task<> {
      const auto stubborn = []() -> eddy::Task<int> {
        co_await eddy::uncancellable(nap(5s));
        co_return 2;
      };
      if (in_range) {
        const std::vector<eddy::Future<int>> futures{given};
        const std::vector<int> values = co_await eddy::gather(futures);
        log.push_back(std::to_string(values[0]));
      } else {
        const auto [first, second] = co_await eddy::gather(stubborn(), given);
        log.push_back(std::to_string(first + second));
      }
      co_await eddy::sleep(1s);
      log.push_back("not stopped");
    };
    auto task = eddy::create_task(caller(future, range));
    co_await eddy::sleep(1s);
    future.set_result(1);
    task.cancel();
    const std::string how = co_await ending(task);
    CHECK(how == "CancelledError ");
    CHECK(log == std::vector<std::string>{range ? "1" : "3"});
  }
}

EDDY_TEST_CASE("a gather of handles goes on in a turn of its own, after the callbacks that were added behind it", "[order]") {
  static std::vector<std::string> log;  // the callback may outlive this test, if that is stopped
  log.clear();
  auto task = eddy::create_task(after(1s, 1));
  auto gathers = [](eddy::TaskHandle<int> handle) -> eddy::Task<> {
    co_await eddy::gather(handle);
    log.push_back("gathered");
  };
  auto caller = eddy::create_task(gathers(task));
  co_await test::settle();
  task.add_done_callback([] { log.push_back("called"); });
  co_await caller;
  const std::vector<std::string> expected{"called", "gathered"};
  CHECK(log == expected);
}

TEST_CASE("debug mode warns once of a gather of more than ten thousand, and nothing else does") {
  for (const bool debug : {false, true}) {
    for (const int count : {10'000, 10'001}) {
      eddy::testing::VirtualClock clock;
      eddy::RunOptions options;
      options.clock = &clock;
      options.debug = debug;
      options.on_exception = &test::record_report;
      const auto body = [count]() -> eddy::Task<> {
        eddy::get_running_loop().set_slow_callback_duration(1h);  // not what this is about
        for (int i = 0; i < 2; ++i) {
          std::vector<eddy::Task<int>> tasks;
          for (int child = 0; child < count; ++child) tasks.push_back(at_once(child));
          (void)co_await eddy::gather(std::move(tasks));
        }
      };
      eddy::run(body(), options);
      const std::vector<std::string> reports = take_reports();
      REQUIRE(reports.size() == (debug && count > 10'000 ? 1 : 0));
      if (!reports.empty()) CHECK(reports[0].find("a gather starts 10001 tasks at once") != std::string::npos);
    }
  }
}

EDDY_LOOP_TEST_CASE("on a real clock, too, tasks that gather each other's handles end at once with run", "[real]") {
  eddy::TaskHandle<> first, second;
  const auto awaits = [](eddy::TaskHandle<>* other) -> eddy::Task<> {
    co_await eddy::yield();
    co_await eddy::gather(*other);
  };
  const auto start = std::chrono::steady_clock::now();
  test::run_real([&]() -> eddy::Task<> {
    first = eddy::create_task(awaits(&second));
    second = eddy::create_task(awaits(&first));
    co_await eddy::sleep(10ms);
  });
  CHECK(std::chrono::steady_clock::now() - start < 3s);  // the grace of run is five
  CHECK(first.cancelled());
  CHECK(second.cancelled());
}
