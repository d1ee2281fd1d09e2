// concurrent_map: order, limit, result types, ranges, errors, cancellation, and a flat stack.
//
// SPDX-License-Identifier: MIT
#include "support/work.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>

using namespace test;

namespace {

// A free function, as the docs show it: the later elements end first.
eddy::Task<int> doubled_later(int value) {
  co_await eddy::sleep(std::chrono::seconds(100 - value));
  co_return 2 * value;
}

eddy::Task<int> doubled_at_once(int value) { co_return 2 * value; }

struct Named {
  explicit Named(std::string n) : name(std::move(n)) {}
  std::string name;
};

eddy::Task<Named> named(int value) { co_return Named("number " + std::to_string(value)); }

std::vector<int> numbers(int count) {
  std::vector<int> list;
  for (int i = 0; i < count; ++i) list.push_back(i);
  return list;
}

using Lines = std::vector<std::string>;

// Two cannot be moved.
struct Fragile {
  Fragile(int of) : number(of) {}
  Fragile(Fragile&& other) : number(other.number) {
    if (number == 2) throw std::runtime_error("moved");
  }
  int number;
};

}  // namespace

EDDY_TEST_CASE("concurrent_map gives the results in the order of the range, not of completion", "[c99]") {
  const std::vector<int> input = numbers(10);
  const auto start = now();
  const auto results = co_await eddy::concurrent_map(input, &doubled_later);
  static_assert(std::is_same_v<decltype(results), const std::vector<int>>);
  const std::vector<int> expected{0, 2, 4, 6, 8, 10, 12, 14, 16, 18};
  CHECK(results == expected);
  CHECK(now() - start == 100s);  // without a limit all run at once
}

EDDY_TEST_CASE("concurrent_map keeps the order under a limit, with calls that overtake each other", "[c99]") {
  const std::vector<int> input = numbers(50);
  auto work = [](int value) -> eddy::Task<int> {
    co_await eddy::sleep(std::chrono::seconds(1 + (value * 7) % 5));
    co_return value* value;
  };
  const std::vector<int> results = co_await eddy::concurrent_map(input, work, {.limit = 4});
  std::vector<int> expected;
  for (const int i : input) expected.push_back(i * i);
  CHECK(results == expected);
}

EDDY_TEST_CASE("as many calls run at a time as the limit allows, and never more", "[c99]") {
  const std::vector<int> input = numbers(20);
  int running = 0;
  int most = 0;
  int least_after_start = 100;
  auto work = [&](int value) -> eddy::Task<> {
    ++running;
    most = std::max(most, running);
    if (value >= 4) least_after_start = std::min(least_after_start, running);
    co_await eddy::sleep(std::chrono::seconds(1 + value % 3));
    --running;
  };
  for (const std::size_t limit : {std::size_t{1}, std::size_t{2}, std::size_t{5}, std::size_t{20}}) {
    most = 0;
    least_after_start = 100;
    co_await eddy::concurrent_map(input, work, {.limit = limit});
    CHECK(running == 0);
    CHECK(most == static_cast<int>(limit));
    if (limit <= 4) CHECK(least_after_start == static_cast<int>(limit));  // a free place is filled at once
  }
}

EDDY_TEST_CASE("a limit of one runs the calls one after another in order", "[c99]") {
  Lines log;
  auto work = [&](int value) -> eddy::Task<> {
    log.push_back("start " + std::to_string(value));
    co_await eddy::sleep(1s);
    log.push_back("end " + std::to_string(value));
  };
  const auto start = now();
  co_await eddy::concurrent_map(numbers(3), work, {.limit = 1});
  CHECK(now() - start == 3s);
  const Lines expected{"start 0", "end 0", "start 1", "end 1", "start 2", "end 2"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("a place that becomes free is filled at the same moment, not when the whole window has ended", "[c99]") {
  const std::vector<int> seconds{10, 1, 1, 1, 1};
  const auto start = now();
  std::vector<eddy::Duration> starts;
  auto work = [&](int s) -> eddy::Task<> {
    starts.push_back(now() - start);
    co_await eddy::sleep(std::chrono::seconds(s));
  };
  co_await eddy::concurrent_map(seconds, work, {.limit = 2});
  const std::vector<eddy::Duration> expected{0s, 0s, 1s, 2s, 3s};
  CHECK(starts == expected);
  CHECK(now() - start == 10s);
}

EDDY_TEST_CASE("a limit above the size of the range runs all at once") {
  auto work = [](int) -> eddy::Task<> { co_await eddy::sleep(1s); };
  const auto start = now();
  co_await eddy::concurrent_map(numbers(7), work, {.limit = 100});
  CHECK(now() - start == 1s);
}

EDDY_TEST_CASE("a limit of zero is refused with std::invalid_argument, also for an empty range") {
  const std::vector<int> input = numbers(3);
  const std::vector<int> none;
  CHECK_THROWS_AS(static_cast<void>(eddy::concurrent_map(input, &doubled_later, {.limit = 0})), std::invalid_argument);
  CHECK_THROWS_AS(static_cast<void>(eddy::concurrent_map(none, &doubled_later, {.limit = 0})), std::invalid_argument);
  co_return;
}

EDDY_TEST_CASE("concurrent_map of an empty range gives an empty vector without suspending") {
  const test::TurnProbe other_ran;
  const std::vector<int> results = co_await eddy::concurrent_map(std::vector<int>(), &doubled_later);
  CHECK(results.empty());
  CHECK_FALSE(other_ran);
}

EDDY_TEST_CASE("concurrent_map with a void function gives nothing and waits for all calls") {
  int sum = 0;
  auto work = [&](int value) -> eddy::Task<> {
    co_await eddy::sleep(1s);
    sum += value;
  };
  static_assert(std::is_void_v<decltype(eddy::concurrent_map(numbers(1), work).await_resume())>);
  co_await eddy::concurrent_map(numbers(5), work, {.limit = 2});
  CHECK(sum == 10);
}

EDDY_TEST_CASE("concurrent_map gives move-only results") {
  auto boxed = [](int value) -> eddy::Task<std::unique_ptr<int>> {
    co_await eddy::yield();
    co_return std::make_unique<int>(value);
  };
  const std::vector<std::unique_ptr<int>> boxes = co_await eddy::concurrent_map(numbers(3), boxed, {.limit = 2});
  REQUIRE(boxes.size() == 3);
  CHECK(*boxes[2] == 2);
}

EDDY_TEST_CASE("concurrent_map gives reference results as std::reference_wrapper") {
  std::vector<int> input = numbers(4);
  auto same = [](int& value) -> eddy::Task<int&> {
    co_await eddy::yield();
    co_return value;
  };
  const std::vector<std::reference_wrapper<int>> results = co_await eddy::concurrent_map(input, same, {.limit = 2});
  REQUIRE(results.size() == 4);
  for (std::size_t i = 0; i < 4; ++i) CHECK(&results[i].get() == &input[i]);
}

EDDY_TEST_CASE("results need no default constructor, and bool results come as a vector of bool") {
  const std::vector<Named> results = co_await eddy::concurrent_map(numbers(2), &named);
  REQUIRE(results.size() == 2);
  CHECK(results[1].name == "number 1");
  auto odd = [](int value) -> eddy::Task<bool> { co_return value % 2 == 1; };
  const std::vector<bool> flags = co_await eddy::concurrent_map(numbers(3), odd, {.limit = 1});
  const std::vector<bool> expected{false, true, false};
  CHECK(flags == expected);
}

EDDY_TEST_CASE("the elements of an lvalue range are passed by reference: the function may change them") {
  std::vector<std::string> words{"a", "b"};
  auto shout = [](std::string& word) -> eddy::Task<> {
    co_await eddy::sleep(1s);
    word += "!";
  };
  co_await eddy::concurrent_map(words, shout);
  const std::vector<std::string> expected{"a!", "b!"};
  CHECK(words == expected);
}

EDDY_TEST_CASE("the elements of a const range are passed by const reference, without a copy") {
  const std::vector<std::string> words{"a", "b"};
  std::vector<const std::string*> seen;
  auto look = [&](const std::string& word) -> eddy::Task<> {
    seen.push_back(&word);
    co_return;
  };
  co_await eddy::concurrent_map(words, look);
  REQUIRE(seen.size() == 2);
  CHECK(seen[0] == &words[0]);
  CHECK(seen[1] == &words[1]);
}

EDDY_TEST_CASE("the elements of an rvalue range are moved into the calls") {
  std::vector<std::unique_ptr<int>> boxes;
  for (int i = 0; i < 3; ++i) boxes.push_back(std::make_unique<int>(i));
  auto opens = [](std::unique_ptr<int> box) -> eddy::Task<int> {
    co_await eddy::sleep(1s);
    co_return *box;
  };
  const std::vector<int> results = co_await eddy::concurrent_map(std::move(boxes), opens, {.limit = 1});
  const std::vector<int> expected{0, 1, 2};
  CHECK(results == expected);
}

EDDY_TEST_CASE("concurrent_map takes lists, arrays and maps") {
  const std::list<int> list{1, 2};
  const std::vector<int> of_list = co_await eddy::concurrent_map(list, &doubled_at_once);
  CHECK(of_list == std::vector<int>{2, 4});
  int array[] = {3, 4};
  const std::vector<int> of_array = co_await eddy::concurrent_map(array, &doubled_at_once);
  CHECK(of_array == std::vector<int>{6, 8});
  const std::map<std::string, int> map{{"a", 1}, {"b", 2}};
  auto describe = [](const std::pair<const std::string, int>& entry) -> eddy::Task<std::string> {
    co_await eddy::yield();
    co_return entry.first + std::to_string(entry.second);
  };
  const Lines of_map = co_await eddy::concurrent_map(map, describe);
  const Lines expected{"a1", "b2"};
  CHECK(of_map == expected);
}

EDDY_TEST_CASE("the function may return another awaitable than a Task, a handle for instance") {
  auto starts = [](int value) { return eddy::create_task(doubled_at_once(value)); };
  const std::vector<int> results = co_await eddy::concurrent_map(numbers(3), starts, {.limit = 2});
  const std::vector<int> expected{0, 2, 4};
  CHECK(results == expected);
}

EDDY_TEST_CASE("a function with captures that need the heap is copied as an lvalue, or moved in with own") {
  const std::string prefix = "a prefix that does not fit the small buffer ";
  auto label = [prefix](int value) -> eddy::Task<std::string> {
    co_await eddy::sleep(1s);
    co_return prefix + std::to_string(value);
  };
  const Lines copied = co_await eddy::concurrent_map(numbers(2), label, {.limit = 1});
  REQUIRE(copied.size() == 2);
  CHECK(copied[1] == prefix + "1");
  const Lines moved = co_await eddy::concurrent_map(numbers(2), eddy::own(std::move(label)), {.limit = 1});
  CHECK(moved == copied);
}

EDDY_TEST_CASE("the calls start in order in the caller's turn") {
  Lines log;
  auto work = [&](int value) -> eddy::Task<> {
    log.push_back(std::to_string(value));
    co_await eddy::sleep(1s);
  };
  eddy::get_running_loop().call_soon([&] { log.push_back("next pass"); });
  co_await eddy::concurrent_map(numbers(3), work);
  const Lines expected{"0", "1", "2", "next pass"};
  CHECK(log == expected);
}

EDDY_LOOP_TEST_CASE("each call is a task of its own with its own ContextVar values") {
  static eddy::ContextVar<int> request("request", 0);
  run_virtual([]() -> eddy::Task<> {
    request.set(1);
    const eddy::TaskRef caller = eddy::current_task();
    int own = 0;
    auto work = [&](int value) -> eddy::Task<int> {
      own += eddy::current_task() == caller ? 0 : 1;
      const int inherited = request.get();
      request.set(value + 10);
      co_await eddy::sleep(1s);
      co_return inherited * 100 + request.get();
    };
    const std::vector<int> results = co_await eddy::concurrent_map(numbers(3), work, {.limit = 1});
    const std::vector<int> expected{110, 111, 112};
    CHECK(results == expected);
    CHECK(own == 3);
    CHECK(request.get() == 1);
  });
}

EDDY_TEST_CASE("the first error cancels the running calls, waits for them, makes no further call, and is thrown",
               "[c99][order]") {
  Lines log;
  auto work = [&](int value) -> eddy::Task<int> {
    const OnExit exit(log, std::to_string(value) + " gone");
    if (value == 1) {
      co_await eddy::sleep(1s);
      throw std::runtime_error("bad");
    }
    co_await eddy::try_finally(nap(1h), nap(2s));
    co_return value;
  };
  const auto start = now();
  const std::string how = co_await ending(eddy::concurrent_map(numbers(10), work, {.limit = 3}));
  CHECK(how == "bad");
  CHECK(now() - start == 3s);
  const Lines expected{"1 gone", "0 gone", "2 gone"};
  CHECK(log == expected);
  CHECK(eddy::all_tasks().size() == 1);
}

EDDY_TEST_CASE("a call that fails before its first suspension keeps the later ones from running") {
  std::vector<int> ran;
  auto work = [&](int value) -> eddy::Task<> {
    ran.push_back(value);
    if (value == 1) throw std::runtime_error("bad");
    co_await eddy::sleep(1h);
  };
  const std::string how = co_await ending(eddy::concurrent_map(numbers(5), work));
  CHECK(how == "bad");
  const std::vector<int> expected{0, 1};
  CHECK(ran == expected);
}

EDDY_TEST_CASE("an exception from the function itself, before it makes a task, stops the map as a call's would") {
  Lines log;
  auto sleeps = [&](int value) -> eddy::Task<> {
    const OnExit exit(log, std::to_string(value) + " gone");
    co_await eddy::sleep(std::chrono::seconds(1 + value));
  };
  auto work = [&](int value) -> eddy::Task<> {
    if (value == 3) throw std::runtime_error("no task for 3");
    return sleeps(value);
  };
  const auto start = now();
  const std::string late = co_await ending(eddy::concurrent_map(numbers(10), work, {.limit = 2}));
  CHECK(late == "no task for 3");
  CHECK(now() - start == 2s);
  const Lines expected{"0 gone", "1 gone", "2 gone"};
  CHECK(log == expected);
  const std::vector<int> first{3, 1};
  const std::string at_once = co_await ending(eddy::concurrent_map(first, work));
  CHECK(at_once == "no task for 3");
}

EDDY_TEST_CASE("a call that somebody cancels makes the map throw CancelledError; the caller is not cancelled") {
  eddy::TaskRef victim;
  auto work = [&](int value) -> eddy::Task<> {
    if (value == 1) victim = eddy::current_task();
    co_await eddy::sleep(1h);
  };
  eddy::get_running_loop().call_later(1s, [&] { victim.cancel("not you"); });
  const auto start = now();
  const std::string how = co_await ending(eddy::concurrent_map(numbers(3), work));
  CHECK(how == "CancelledError not you");
  CHECK(now() - start == 1s);
  CHECK(eddy::current_task().cancelling() == 0);
  co_await eddy::yield();
}

EDDY_TEST_CASE("a cancel of the caller cancels the running calls, waits for them, and makes no further call") {
  Lines log;
  auto work = [&](int value) -> eddy::Task<> {
    log.push_back("start " + std::to_string(value));
    co_await eddy::try_finally(nap(1h), nap(2s));
  };
  auto parent = [&]() -> eddy::Task<> {
    const OnExit exit(log, "parent gone");
    co_await eddy::concurrent_map(numbers(10), work, {.limit = 2});
    log.push_back("not reached");
  };
  auto handle = eddy::create_task(parent());
  co_await eddy::sleep(1s);
  const auto start = now();
  handle.cancel("enough");
  const std::string how = co_await ending(handle);
  CHECK(how == "CancelledError enough");
  CHECK(now() - start == 2s);
  const Lines expected{"start 0", "start 1", "parent gone"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("if all calls were made and give their values in spite of a cancel, the map delivers them") {
  std::vector<int> got;
  auto stubborn = [](int value) -> eddy::Task<int> {
    co_await eddy::uncancellable(nap(3s));
    co_return value;
  };
  auto parent = [&]() -> eddy::Task<> {
    got = co_await eddy::concurrent_map(numbers(2), stubborn);
    co_await eddy::yield();
    got.clear();
  };
  auto handle = eddy::create_task(parent());
  co_await eddy::sleep(1s);
  handle.cancel();
  const std::string how = co_await ending(handle);
  CHECK(how == "CancelledError ");
  const std::vector<int> expected{0, 1};
  CHECK(got == expected);
}

EDDY_TEST_CASE(
    "if calls are still to be made when the cancel comes, the map stops though the running ones give values") {
  int calls = 0;
  bool reached = false;
  auto stubborn = [&](int) -> eddy::Task<> {
    ++calls;
    co_await eddy::uncancellable(nap(3s));
  };
  auto parent = [&]() -> eddy::Task<> {
    co_await eddy::concurrent_map(numbers(5), stubborn, {.limit = 2});
    reached = true;
  };
  auto handle = eddy::create_task(parent());
  co_await eddy::sleep(1s);
  handle.cancel();
  const std::string how = co_await ending(handle);
  CHECK(how == "CancelledError ");
  CHECK(calls == 2);
  CHECK_FALSE(reached);
}

EDDY_TEST_CASE("an error of a call that is being cancelled with the caller is delivered; the cancel stays in force") {
  auto bad_cleanup = []() -> eddy::Task<> {
    throw std::runtime_error("cleanup");
    co_return;
  };
  auto work = [&](int) -> eddy::Task<> { co_await eddy::try_finally(nap(1h), bad_cleanup()); };
  std::string caught;
  bool reached = false;
  auto parent = [&]() -> eddy::Task<> {
    caught = co_await ending(eddy::concurrent_map(numbers(1), work));
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

EDDY_TEST_CASE("concurrent_map with a cancel in force makes no call") {
  int calls = 0;
  auto work = [&](int) -> eddy::Task<> {
    ++calls;
    co_return;
  };
  auto parent = [&]() -> eddy::Task<> {
    eddy::current_task().cancel();
    co_await eddy::concurrent_map(numbers(3), work);
    calls = 99;
  };
  const std::string how = co_await ending(eddy::create_task(parent()));
  CHECK(how == "CancelledError ");
  CHECK(calls == 0);
}

EDDY_TEST_CASE("an expired timeout around concurrent_map stops the calls") {
  int gone = 0;
  auto work = [&](int) -> eddy::Task<> {
    const Tracked tracked;
    co_await eddy::try_finally(nap(1h), nap(1s));
    ++gone;
  };
  const auto start = now();
  const std::string how = co_await ending(eddy::timeout(2s, eddy::concurrent_map(numbers(5), work, {.limit = 3})));
  CHECK(how.find("timed out") == 0);
  CHECK(now() - start == 3s);
  CHECK(gone == 0);
  CHECK(Tracked::alive == 0);
}

EDDY_TEST_CASE("concurrent maps nest, each with its own limit") {
  int running = 0;
  int most = 0;
  auto inner = [&](int value) -> eddy::Task<int> {
    ++running;
    most = std::max(most, running);
    co_await eddy::sleep(1s);
    --running;
    co_return value;
  };
  auto outer = [&](int value) -> eddy::Task<int> {
    const std::vector<int> results = co_await eddy::concurrent_map(numbers(value), inner, {.limit = 3});
    int sum = 0;
    for (const int r : results) sum += r;
    co_return sum;
  };
  const std::vector<int> sums = co_await eddy::concurrent_map(numbers(8), outer, {.limit = 2});
  const std::vector<int> expected{0, 0, 1, 3, 6, 10, 15, 21};
  CHECK(sums == expected);
  CHECK(most <= 6);
  CHECK(most > 3);
}

EDDY_TEST_CASE("what finished calls held is destroyed while the map goes on") {
  int most = 0;
  auto work = [&](int) -> eddy::Task<> {
    const Tracked tracked;
    most = std::max(most, Tracked::alive);
    co_await eddy::yield();
  };
  co_await eddy::concurrent_map(numbers(1000), work, {.limit = 4});
  CHECK(most <= 4);
  CHECK(Tracked::alive == 0);
}

EDDY_LOOP_TEST_CASE("a million elements are mapped on a flat stack, when the calls end at once and when they wait",
                    "[deep]") {
  constexpr int kMany = 1'000'000;
  const std::vector<int> input = numbers(kMany);
  run_virtual([&]() -> eddy::Task<> {
    const std::vector<int> at_once = co_await eddy::concurrent_map(input, &doubled_at_once, {.limit = 8});
    CHECK(at_once.size() == input.size());
    CHECK(at_once.back() == 2 * (kMany - 1));
    const std::vector<int> one_by_one = co_await eddy::concurrent_map(input, &doubled_at_once, {.limit = 1});
    CHECK(one_by_one == at_once);
    long sum = 0;
    auto yields = [&](int value) -> eddy::Task<> {
      co_await eddy::yield();
      sum += value;
    };
    co_await eddy::concurrent_map(input, yields, {.limit = 100});
    CHECK(sum == static_cast<long>(kMany) * (kMany - 1) / 2);
  });
}

EDDY_TEST_CASE("the calls of a running concurrent_map are listed by all_tasks, after their parent") {
  std::vector<std::size_t> seen;
  auto count = [&seen](int) -> eddy::Task<> {
    seen.push_back(eddy::all_tasks().size());
    co_await eddy::sleep(1s);
  };
  auto other = eddy::create_task([]() -> eddy::Task<> { co_await eddy::sleep(10s); });
  const std::vector<int> input{1, 2, 3};
  co_await eddy::concurrent_map(input, count, {.limit = 2});
  const std::vector<std::size_t> expected{4, 4, 4};  // with the main task and the other one
  CHECK(seen == expected);
  CHECK(eddy::all_tasks().size() == 2);
  co_await other;
}

EDDY_TEST_CASE("concurrent_map of an empty range completes at once, even with a cancel in force") {
  static bool went_on = false;  // the caller may outlive this test, if that is stopped
  went_on = false;
  const auto caller = []() -> eddy::Task<> {
    const auto work = [](int) -> eddy::Task<int> { co_return 1; };
    eddy::current_task().cancel();
    const auto results = co_await eddy::concurrent_map(std::vector<int>(), work);
    went_on = results.empty();
    co_await eddy::sleep(1s);
  };
  const std::string how = co_await ending(eddy::create_task(caller));
  CHECK(how == "CancelledError ");
  CHECK(went_on);
}

EDDY_TEST_CASE("the first error of a concurrent_map is thrown, whatever the other calls throw while they stop") {
  const auto work = [](int number) -> eddy::Task<> {
    if (number == 1) co_await fail_after(1s, "first");
    co_await eddy::try_finally(nap(1h), throw_error("late"));
  };
  const std::string how = co_await ending(eddy::concurrent_map(numbers(3), work));
  CHECK(how == "first");
}

EDDY_TEST_CASE("a cancel of a concurrent_map whose calls all run, and give nothing, unwinds its caller") {
  static bool went_on = false;  // the caller may outlive this test, if that is stopped
  went_on = false;
  const auto caller = []() -> eddy::Task<> {
    const auto work = [](int) -> eddy::Task<> { co_await eddy::sleep(1h); };
    co_await eddy::concurrent_map(numbers(2), work);
    went_on = true;
  };
  auto task = eddy::create_task(caller);
  co_await eddy::sleep(1s);
  task.cancel();
  const std::string how = co_await ending(task);
  CHECK(how == "CancelledError ");
  CHECK_FALSE(went_on);
}

EDDY_TEST_CASE("an error is delivered to a cancelled caller of concurrent_map, though other calls were stopped") {
  static std::string caught;  // the caller may outlive this test, if that is stopped
  caught.clear();
  const auto caller = []() -> eddy::Task<> {
    const auto work = [](int number) -> eddy::Task<> {
      if (number == 1) co_await eddy::try_finally(nap(1h), throw_error("cleanup"));
      co_await eddy::sleep(1h);
    };
    caught = co_await ending(eddy::concurrent_map(numbers(2), work));
    co_await eddy::sleep(1s);
    caught = "not stopped";
  };
  auto task = eddy::create_task(caller);
  co_await eddy::sleep(1s);
  task.cancel();
  const std::string how = co_await ending(task);
  CHECK(how == "CancelledError ");
  CHECK(caught == "cleanup");
}

EDDY_TEST_CASE("a result whose move throws ends concurrent_map with that error") {
  const auto work = [](int number) -> eddy::Task<Fragile> {
    if (number == 0) co_await eddy::sleep(1h);
    co_await eddy::sleep(1s);
    co_return number;
  };
  const auto start = now();
  const std::string how = co_await ending(eddy::concurrent_map(numbers(3), work));
  CHECK(how == "moved");
  CHECK(now() - start == 1s);
}
