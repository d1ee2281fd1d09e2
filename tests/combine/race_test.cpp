// race: the first end gives the result; what happens to the losers, to the caller's cancel, and which type comes out.
//
// SPDX-License-Identifier: MIT
#include "support/work.hpp"

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <variant>

using namespace test;

namespace {

template <class T>
eddy::Task<T> at_once(T value) {
  co_return value;
}

// Sleeps, and says when its frame is destroyed.
// A child that a stop cannot hurry: its cleanup takes `delay`.
eddy::Task<int> slow_to_stop(std::chrono::nanoseconds delay) {
  co_await eddy::try_finally(nap(1h), nap(delay));
  co_return 0;
}

// A child that does not stop: it gives its value in spite of a cancel.
eddy::Task<int> stubborn(std::chrono::nanoseconds delay, int value) {
  co_await eddy::uncancellable(nap(delay));
  co_return value;
}

eddy::Task<int> fail_when_stopped(std::string what) {
  co_await eddy::try_finally(nap(1h), throw_error(what));
  co_return 0;
}

eddy::Task<int&> reference_to(int& target, std::chrono::nanoseconds delay) {
  co_await eddy::sleep(delay);
  co_return target;
}

eddy::Task<std::unique_ptr<int>> boxed(int value, std::chrono::nanoseconds delay) {
  co_await eddy::sleep(delay);
  co_return std::make_unique<int>(value);
}

}  // namespace

EDDY_TEST_CASE("race gives a plain T, the first result, when all contestants give the same type") {
  const auto start = now();
  auto winner = co_await eddy::race(after(3s, 1), after(1s, 2), after(2s, 3));
  static_assert(std::is_same_v<decltype(winner), int>);
  CHECK(winner == 2);
  CHECK(now() - start == 1s);
}

EDDY_TEST_CASE("race of contestants with different types gives a RaceResult that says who won, and with what") {
  const auto result = co_await eddy::race(after(2s, 1), after(1s, std::string("two")), nap(3s));
  static_assert(std::is_same_v<decltype(result), const eddy::RaceResult<int, std::string, std::monostate>>);
  CHECK(result.index() == 1);
  CHECK(std::get<1>(result.value()) == "two");
}

EDDY_TEST_CASE("a void winner among different types is std::monostate, at its own index") {
  const auto result = co_await eddy::race(after(2s, 1), nap(1s), nap(3s));
  CHECK(result.index() == 1);
  CHECK(std::holds_alternative<int>(result.value()) == false);
}

EDDY_TEST_CASE("race tells contestants of equal types apart when another type is among them") {
  auto result = co_await eddy::race(after(2s, 1), after(3s, 'x'), after(1s, 3));
  CHECK(result.index() == 2);
  CHECK(std::get<2>(std::move(result).value()) == 3);
}

EDDY_TEST_CASE("race of void contestants gives void") {
  static_assert(std::is_void_v<decltype(eddy::race(nap(1s), nap(2s)).await_resume())>);
  const auto start = now();
  co_await eddy::race(nap(2s), nap(1s));
  CHECK(now() - start == 1s);
}

EDDY_TEST_CASE("race of a single awaitable gives what it gives") {
  const int value = co_await eddy::race(after(1s, 7));
  CHECK(value == 7);
  const std::string how = co_await ending(eddy::race(fail_after<int>(1s, "bad")));
  CHECK(how == "bad");
}

EDDY_TEST_CASE("race gives a reference where all give one, and a reference_wrapper among others") {
  int a = 1;
  int b = 2;
  int& winner = co_await eddy::race(reference_to(a, 2s), reference_to(b, 1s));
  CHECK(&winner == &b);
  const auto mixed = co_await eddy::race(reference_to(a, 1s), nap(2s));
  REQUIRE(mixed.index() == 0);
  const std::reference_wrapper<int> got = std::get<0>(mixed.value());
  CHECK(&got.get() == &a);
}

EDDY_TEST_CASE("race gives move-only results, alone and among others") {
  const std::unique_ptr<int> same = co_await eddy::race(boxed(1, 2s), boxed(2, 1s));
  REQUIRE(same);
  CHECK(*same == 2);
  auto mixed = co_await eddy::race(nap(2s), boxed(3, 1s));
  REQUIRE(mixed.index() == 1);
  const std::unique_ptr<int> box = std::get<1>(std::move(mixed).value());
  CHECK(*box == 3);
}

EDDY_TEST_CASE("race takes a range of tasks as an rvalue and a range of handles as it is") {
  std::vector<eddy::Task<int>> tasks;
  for (int i = 0; i < 5; ++i) tasks.push_back(after(std::chrono::seconds(5 - i), i));
  const int first = co_await eddy::race(std::move(tasks));
  CHECK(first == 4);
  std::array<eddy::TaskHandle<int>, 2> handles{eddy::create_task(after(3s, 1)), eddy::create_task(after(2s, 2))};
  const int second = co_await eddy::race(handles);
  CHECK(second == 2);
  CHECK_FALSE(handles[0].done());
  const int third = co_await handles[0];
  CHECK(third == 1);
}

EDDY_TEST_CASE("race of a range of void tasks gives void, of references a reference") {
  const auto start = now();
  std::vector<eddy::Task<>> naps;
  naps.push_back(nap(5s));
  naps.push_back(nap(2s));
  co_await eddy::race(std::move(naps));
  CHECK(now() - start == 2s);
  int target = 0;
  std::vector<eddy::Task<int&>> references;
  references.push_back(reference_to(target, 1s));
  int& got = co_await eddy::race(std::move(references));
  CHECK(&got == &target);
}

EDDY_TEST_CASE("race of an empty range throws std::invalid_argument") {
  CHECK_THROWS_AS(static_cast<void>(eddy::race(std::vector<eddy::Task<int>>())), std::invalid_argument);
  const std::vector<eddy::TaskHandle<int>> none;
  CHECK_THROWS_AS(static_cast<void>(eddy::race(none)), std::invalid_argument);
  co_return;
}

EDDY_TEST_CASE("losing tasks are cancelled and have ended before race gives the result", "[order]") {
  std::vector<std::string> log;
  const auto start = now();
  const int value = co_await eddy::race(logged<int>(log, "a", 1h), after(2s, 7), logged<int>(log, "c", 1h));
  CHECK(value == 7);
  CHECK(now() - start == 2s);
  const std::vector<std::string> expected{"a starts", "c starts", "a gone", "c gone"};
  CHECK(log == expected);
  CHECK(eddy::all_tasks().size() == 1);
}

EDDY_TEST_CASE("race does not return before a loser's cleanup has ended") {
  const auto start = now();
  const int value = co_await eddy::race(after(1s, 7), slow_to_stop(3s));
  CHECK(value == 7);
  CHECK(now() - start == 4s);
}

EDDY_TEST_CASE("race waits for a loser that cannot be cancelled, and drops its value", "[c116]") {
  const auto start = now();
  const int value = co_await eddy::race(after(1s, 7), stubborn(5s, 8));
  CHECK(value == 7);
  CHECK(now() - start == 5s);
}

EDDY_TEST_CASE("the first end decides: race throws the first error, though another would succeed later", "[c114]") {
  std::vector<std::string> log;
  const auto start = now();
  const std::string how = co_await ending(eddy::race(fail_after<int>(1s, "first"), logged<int>(log, "b", 2s)));
  CHECK(how == "first");
  CHECK(now() - start == 1s);
  CHECK(log.back() == "b gone");
}

EDDY_TEST_CASE("the first end decides: a later error does not matter to race", "[c114]") {
  const int value = co_await eddy::race(after(1s, 7), fail_after<int>(2s, "late"));
  CHECK(value == 7);
}

EDDY_TEST_CASE("a loser that throws while it is cancelled is reported, and the winner's value is given", "[c112]") {
  const int value = co_await eddy::race(after(1s, 7), fail_when_stopped("cleanup"));
  CHECK(value == 7);
  const std::vector<std::string> reports = take_reports();
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].find("cleanup") != std::string::npos);
}

EDDY_TEST_CASE("every loser that throws while it is cancelled is reported, also when the winner failed",
               "[c112][order]") {
  const std::string how =
      co_await ending(eddy::race(fail_after<int>(1s, "winner"), fail_when_stopped("one"), fail_when_stopped("two")));
  CHECK(how == "winner");
  const std::vector<std::string> reports = take_reports();
  REQUIRE(reports.size() == 2);
  CHECK(reports[0].find("one") != std::string::npos);
  CHECK(reports[1].find("two") != std::string::npos);
}

EDDY_TEST_CASE("handles that lose run on") {
  auto slow = eddy::create_task(after(5s, 1));
  auto fast = eddy::create_task(after(1s, 2));
  const auto start = now();
  const int first = co_await eddy::race(slow, fast);
  CHECK(first == 2);
  CHECK(now() - start == 1s);
  CHECK_FALSE(slow.done());
  CHECK(slow.cancelling() == 0);
  const int second = co_await slow;
  CHECK(second == 1);
  CHECK(now() - start == 5s);
}

EDDY_TEST_CASE("in a mixed race the losing task is cancelled and the losing handle runs on") {
  std::vector<std::string> log;
  auto slow = eddy::create_task(after(5s, 1));
  const int value = co_await eddy::race(slow, logged<int>(log, "own", 1h), after(1s, 7));
  CHECK(value == 7);
  CHECK(log.back() == "own gone");
  CHECK_FALSE(slow.done());
  const int late = co_await slow;
  CHECK(late == 1);
}

EDDY_TEST_CASE("a handle that wins a mixed race stops the tasks, and race waits for them") {
  auto fast = eddy::create_task(after(1s, 2));
  const auto start = now();
  const int value = co_await eddy::race(slow_to_stop(3s), fast);
  CHECK(value == 2);
  CHECK(now() - start == 4s);
  CHECK(fast.result() == 2);
}

EDDY_TEST_CASE("a handle that is done already wins without a suspension, and the tasks are destroyed unstarted") {
  auto done = eddy::create_task(at_once(5));
  co_await test::settle();
  REQUIRE(done.done());
  std::vector<std::string> log;
  const test::TurnProbe other_ran;
  const int value = co_await eddy::race(logged<int>(log, "never", 1h), done);
  CHECK(value == 5);
  CHECK(log.empty());
  CHECK_FALSE(other_ran);
}

EDDY_TEST_CASE("the first of several handles that are done already wins, in the order of the arguments", "[c117]") {
  auto a = eddy::create_task(after(2s, 1));
  auto b = eddy::create_task(after(1s, 2));
  co_await eddy::sleep(3s);
  const int value = co_await eddy::race(a, b);
  CHECK(value == 1);
}

EDDY_TEST_CASE("a handle that failed already makes race throw its error") {
  auto bad = eddy::create_task(fail_after<int>(1s, "bad"));
  co_await eddy::sleep(2s);
  const std::string how = co_await ending(eddy::race(nap(1h), bad));
  CHECK(how == "bad");
}

EDDY_TEST_CASE("of contestants that would end at the same moment the first argument wins, every time",
               "[c117][order]") {
  int wrong = 0;
  for (int i = 0; i < 100; ++i) {
    const int value = co_await eddy::race(after(1s, 1), after(1s, 2), after(1s, 3));
    wrong += value == 1 ? 0 : 1;
  }
  CHECK(wrong == 0);
}

EDDY_TEST_CASE("a race of futures is won by the one that is set first, and the other can still be set") {
  const auto a = eddy::get_running_loop().create_future<int>();
  const auto b = eddy::get_running_loop().create_future<int>();
  eddy::get_running_loop().call_later(1s, [&] { b.set_result(2); });
  const int value = co_await eddy::race(a, b);
  CHECK(value == 2);
  CHECK_FALSE(a.done());
  a.set_result(1);
  CHECK(a.result() == 1);
}

EDDY_TEST_CASE("the contestants of race start in order in the caller's turn, without a pass of the loop in between") {
  std::vector<std::string> log;
  auto starts = [&](std::string name) -> eddy::Task<> {
    log.push_back(name);
    co_await eddy::sleep(1s);
  };
  eddy::get_running_loop().call_soon([&] { log.push_back("next pass"); });
  co_await eddy::race(starts("a"), starts("b"), starts("c"));
  const std::vector<std::string> expected{"a", "b", "c", "next pass"};
  CHECK(log == expected);
}

EDDY_TEST_CASE(
    "after a contestant that ends before its first suspension the later ones never start, and are destroyed") {
  std::vector<std::string> log;
  auto child = [&](Tracked) -> eddy::Task<int> {
    log.push_back("ran");
    co_return 9;
  };
  const int value = co_await eddy::race(logged<int>(log, "a", 1h), at_once(7), child(Tracked()));
  CHECK(value == 7);
  const std::vector<std::string> expected{"a starts", "a gone"};
  CHECK(log == expected);
  CHECK(Tracked::alive == 0);
}

EDDY_LOOP_TEST_CASE("each contestant is a task of its own, with its own ContextVar values") {
  static eddy::ContextVar<int> request("request", 0);
  run_virtual([]() -> eddy::Task<> {
    request.set(1);
    const eddy::TaskRef caller = eddy::current_task();
    bool own_identity = true;
    auto child = [&](int mine, std::chrono::nanoseconds delay) -> eddy::Task<int> {
      own_identity = own_identity && !(eddy::current_task() == caller);
      const int inherited = request.get();
      request.set(mine);
      co_await eddy::sleep(delay);
      co_return inherited * 100 + request.get();
    };
    const int value = co_await eddy::race(child(10, 2s), child(20, 1s));
    CHECK(value == 120);
    CHECK(request.get() == 1);
    CHECK(own_identity);
  });
}

EDDY_TEST_CASE("a cancel of the caller cancels all contestants, which have ended before the caller has",
               "[c115][order]") {
  std::vector<std::string> log;
  auto parent = [&]() -> eddy::Task<> {
    const OnExit exit(log, "parent gone");
    (void)co_await eddy::race(logged<int>(log, "a", 1h), slow_to_stop(3s), logged<int>(log, "c", 2h));
    log.push_back("not reached");
  };
  auto handle = eddy::create_task(parent());
  co_await eddy::sleep(1s);
  const auto start = now();
  handle.cancel("enough");
  const std::string how = co_await ending(handle);
  CHECK(how == "CancelledError enough");
  CHECK(now() - start == 3s);
  const std::vector<std::string> expected{"a starts", "c starts", "a gone", "c gone", "parent gone"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("a cancel of the caller is forwarded to the handles and futures of a race", "[c115]") {
  auto a = eddy::create_task(nap(1h));
  const auto future = eddy::get_running_loop().create_future<void>();
  auto parent = [&]() -> eddy::Task<> { co_await eddy::race(a, future, nap(1h)); };
  auto handle = eddy::create_task(parent());
  co_await eddy::sleep(1s);
  handle.cancel();
  const std::string how = co_await ending(handle);
  CHECK(how == "CancelledError ");
  CHECK(a.cancelled());
  CHECK(future.cancelled());
}

EDDY_TEST_CASE("a contestant that gives its value after the caller was cancelled wins; the cancel stays in force",
               "[c116]") {
  int got = 0;
  bool reached = false;
  auto parent = [&]() -> eddy::Task<> {
    got = co_await eddy::race(after(1h, 1), stubborn(5s, 42));
    co_await eddy::yield();
    reached = true;
  };
  auto handle = eddy::create_task(parent());
  co_await eddy::sleep(1s);
  handle.cancel();
  const std::string how = co_await ending(handle);
  CHECK(how == "CancelledError ");
  CHECK(got == 42);
  CHECK_FALSE(reached);
}

EDDY_TEST_CASE("a contestant that throws after the caller was cancelled makes race throw; the cancel stays in force",
               "[c112]") {
  std::string caught;
  bool reached = false;
  auto parent = [&]() -> eddy::Task<> {
    try {
      (void)co_await eddy::race(after(1h, 1), fail_when_stopped("cleanup"));
    } catch (const std::runtime_error& error) {
      caught = error.what();
    }
    co_await eddy::yield();
    reached = true;
  };
  auto handle = eddy::create_task(parent());
  co_await eddy::sleep(1s);
  handle.cancel();
  const std::string how = co_await ending(handle);
  CHECK(how == "CancelledError ");
  CHECK(caught == "cleanup");
  CHECK_FALSE(reached);
}

EDDY_TEST_CASE("a winner that ends in the turn of the caller's cancel is not lost") {
  int got = 0;
  std::optional<eddy::TaskHandle<>> handle;
  auto wins_and_cancels = [&]() -> eddy::Task<int> {
    co_await eddy::sleep(1s);
    handle->cancel();
    co_return 7;
  };
  auto parent = [&]() -> eddy::Task<> {
    got = co_await eddy::race(after(1h, 1), wins_and_cancels());
    co_await eddy::yield();
    got = -1;
  };
  handle = eddy::create_task(parent());
  const std::string how = co_await ending(*handle);
  CHECK(how == "CancelledError ");
  CHECK(got == 7);
}

EDDY_TEST_CASE("race with a cancel in force starts nothing") {
  std::vector<std::string> log;
  auto parent = [&]() -> eddy::Task<> {
    eddy::current_task().cancel();
    (void)co_await eddy::race(logged<int>(log, "a", 1s), logged<int>(log, "b", 1s));
    log.push_back("not reached");
  };
  const std::string how = co_await ending(eddy::create_task(parent()));
  CHECK(how == "CancelledError ");
  CHECK(log.empty());
}

EDDY_TEST_CASE("a contestant that somebody cancels ends, and so decides the race with CancelledError") {
  eddy::TaskRef victim;
  auto child = [&]() -> eddy::Task<> {
    victim = eddy::current_task();
    co_await eddy::sleep(1h);
  };
  eddy::get_running_loop().call_later(1s, [&] { victim.cancel("not you"); });
  const auto start = now();
  const std::string how = co_await ending(eddy::race(child(), nap(2h)));
  CHECK(how == "CancelledError not you");
  CHECK(now() - start == 1s);
  CHECK(eddy::current_task().cancelling() == 0);
  co_await eddy::sleep(1s);
  CHECK(now() - start == 2s);
}

EDDY_TEST_CASE("the losers' stop is not the caller's: after a race the caller goes on and can be cancelled") {
  int stage = 0;
  auto parent = [&]() -> eddy::Task<> {
    (void)co_await eddy::race(after(1s, 1), after(1h, 2));
    co_await eddy::sleep(1s);
    stage = 1;
    co_await eddy::sleep(1h);
    stage = 2;
  };
  auto handle = eddy::create_task(parent());
  co_await eddy::sleep(5s);
  CHECK(stage == 1);
  CHECK(handle.cancelling() == 0);
  handle.cancel();
  const std::string how = co_await ending(handle);
  CHECK(how == "CancelledError ");
  CHECK(stage == 1);
}

EDDY_TEST_CASE("an expired timeout around a race stops all contestants and waits for them") {
  std::vector<std::string> log;
  const auto start = now();
  auto contest = [&]() -> eddy::Task<int> { co_return co_await eddy::race(logged<int>(log, "a", 1h), slow_to_stop(2s)); };
  const std::string how = co_await ending(eddy::timeout(1s, contest()));
  CHECK(how.find("timed out") == 0);
  CHECK(now() - start == 3s);
  REQUIRE_FALSE(log.empty());
  CHECK(log.back() == "a gone");
}

EDDY_TEST_CASE("races nest: an inner race that loses cancels its own contestants", "[order]") {
  std::vector<std::string> log;
  const int value = co_await eddy::race(eddy::race(logged<int>(log, "a", 1h), logged<int>(log, "b", 1h)), after(1s, 7));
  CHECK(value == 7);
  const std::vector<std::string> expected{"a starts", "b starts", "a gone", "b gone"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("race takes any awaitable, a sleep for instance") {
  const auto start = now();
  const auto result = co_await eddy::race(after(5s, 1), eddy::sleep(2s));
  CHECK(result.index() == 1);
  CHECK(now() - start == 2s);
}

EDDY_TEST_CASE("race of the running task's own handle is an error, not a hang") {
  std::optional<eddy::TaskHandle<>> self;
  auto waits_for_itself = [&]() -> eddy::Task<> { co_await eddy::race(*self, nap(1s)); };
  self = eddy::create_task(waits_for_itself());
  co_await eddy::sleep(5s);
  REQUIRE(self->done());
  CHECK_THROWS_AS(self->result(), eddy::RuntimeError);
}

EDDY_TEST_CASE("a loser handle that fails later keeps its error for whoever holds it") {
  auto bad = eddy::create_task(fail_after<int>(3s, "late"));
  const int value = co_await eddy::race(bad, after(1s, 7));
  CHECK(value == 7);
  const std::string how = co_await ending(bad);
  CHECK(how == "late");
}

EDDY_TEST_CASE("ten thousand losers of a race are stopped and destroyed once each", "[large]") {
  auto child = []() -> eddy::Task<int> {
    const Tracked tracked;
    co_await eddy::sleep(1h);
    co_return 1;
  };
  std::vector<eddy::Task<int>> tasks;
  for (int i = 0; i < 10'000; ++i) tasks.push_back(child());
  tasks.push_back(after(1s, 7));
  const int value = co_await eddy::race(std::move(tasks));
  CHECK(value == 7);
  CHECK(Tracked::alive == 0);
}

EDDY_TEST_CASE("the value of a RaceResult can be moved out as its Variant") {
  const auto text = []() -> eddy::Task<std::string> { co_return "first"; };
  auto result = co_await eddy::race(text(), after(1s, 7));
  using Result = eddy::RaceResult<std::string, int>;
  STATIC_REQUIRE(std::is_same_v<decltype(result), Result>);
  const Result::Variant value = std::move(result).value();
  CHECK(std::get<0>(value) == "first");
}

EDDY_TEST_CASE("a handle that ends while a race that is won still stops a loser does not matter any more") {
  auto first = eddy::create_task(after(1s, 1));
  auto other = eddy::create_task(after(2s, 2));
  const auto start = now();
  const int winner = co_await eddy::race(first, slow_to_stop(3s), other);
  CHECK(winner == 1);
  CHECK(now() - start == 4s);
  CHECK(other.done());
}

EDDY_TEST_CASE("handles that fail in the turn in which the race is lost count as seen", "[order]") {
  for (const bool range : {false, true}) {
    std::vector<eddy::TaskHandle<int>> handles;
    for (const char* text : {"first", "second"}) handles.push_back(eddy::create_task(fail_after<int>(1s, text)));
    std::string how;
    if (range) {
      how = co_await ending(eddy::race(handles));
    } else {
      how = co_await ending(eddy::race(handles[0], handles[1]));
    }
    CHECK(how == "first");
    handles.clear();
    co_await test::settle();
    CHECK(take_reports().empty());
  }
}

EDDY_TEST_CASE("a race of handles that is cancelled is no exception for its caller") {
  co_await test::check_cancel_is_no_exception([](eddy::TaskHandle<int> handle, bool in_range) -> eddy::Task<> {
    std::vector<eddy::TaskHandle<int>> handles{handle};
    if (in_range) {
      co_await eddy::race(handles);
    } else {
      co_await eddy::race(handle, after(1h, 1));
    }
  });
}

EDDY_TEST_CASE("a race in which somebody has ended already completes at once, even with a cancel in force", "[c117]") {
  static std::vector<std::string> log;  // the caller may outlive this test, if that is stopped
  log.clear();
  auto done = eddy::create_task(at_once(5));
  auto slow = eddy::create_task(after(5s, 1));
  co_await test::settle();
  REQUIRE(done.done());
  const auto caller = [](eddy::TaskHandle<int> running, eddy::TaskHandle<int> ended) -> eddy::Task<> {
    eddy::current_task().cancel();
    const int one = co_await eddy::race(running, ended);
    log.push_back("arguments " + std::to_string(one));
    const std::vector<eddy::TaskHandle<int>> handles{running, ended};
    const int other = co_await eddy::race(handles);
    log.push_back("a range " + std::to_string(other));
    co_await eddy::sleep(1s);
    log.push_back("not stopped");
  };
  const std::string how = co_await ending(eddy::create_task(caller(slow, done)));
  CHECK(how == "CancelledError ");
  const std::vector<std::string> expected{"arguments 5", "a range 5"};
  CHECK(log == expected);
  CHECK_FALSE(slow.done());
  (void)co_await slow;
}

EDDY_TEST_CASE("a handle that ends while a loser is still being stopped has not won, though it comes before the winner") {
  auto other = eddy::create_task(after(2s, 2));
  auto first = eddy::create_task(after(1s, 1));
  const int winner = co_await eddy::race(other, slow_to_stop(3s), first);
  CHECK(winner == 1);
  CHECK(other.done());
}
