// gather: results, their order and types, ranges, how children start, and what they have of their parent.
//
// Errors and cancellation are in gather_errors_test.cpp.
//
// SPDX-License-Identifier: MIT
#include "support/work.hpp"

#include <array>
#include <functional>
#include <list>
#include <memory>
#include <span>
#include <tuple>
#include <variant>

using namespace test;

namespace {

template <class T>
eddy::Task<T> at_once(T value) {
  co_return value;
}

eddy::Task<> log_line(std::vector<std::string>& log, std::string line) {
  log.push_back(std::move(line));
  co_return;
}

eddy::Task<int&> reference_to(int& target) {
  co_await eddy::yield();
  co_return target;
}

eddy::Task<std::unique_ptr<int>> boxed(int value) {
  co_await eddy::yield();
  co_return std::make_unique<int>(value);
}

}  // namespace

EDDY_TEST_CASE("gather gives the results in the order of its arguments, not of completion", "[c80]") {
  const auto start = now();
  const auto [a, b, c] = co_await eddy::gather(after(3s, 1), after(1s, std::string("two")), after(2s, 3.5));
  CHECK(a == 1);
  CHECK(b == "two");
  CHECK(c == 3.5);
  CHECK(now() - start == 3s);
}

EDDY_TEST_CASE("gather of a range gives the results in the order of the range, not of completion", "[c80]") {
  std::vector<eddy::Task<int>> tasks;
  for (int i = 0; i < 10; ++i) tasks.push_back(after(std::chrono::seconds(10 - i), i));
  const std::vector<int> results = co_await eddy::gather(std::move(tasks));
  const std::vector<int> expected{0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  CHECK(results == expected);
}

EDDY_TEST_CASE("gather runs its children at the same time: it takes as long as the slowest", "[c95]") {
  const auto start = now();
  co_await eddy::gather(nap(1h), nap(2h), nap(3h));
  CHECK(now() - start == 3h);
}

EDDY_TEST_CASE("gather interleaves its children at each suspension", "[c95][order]") {
  std::vector<std::string> log;
  auto worker = [&](std::string name) -> eddy::Task<> {
    for (int i = 0; i < 3; ++i) {
      log.push_back(name + std::to_string(i));
      co_await eddy::yield();
    }
  };
  co_await eddy::gather(worker("a"), worker("b"));
  const std::vector<std::string> expected{"a0", "b0", "a1", "b1", "a2", "b2"};
  CHECK(log == expected);
}

EDDY_LOOP_TEST_CASE("a ContextVar that one child of gather sets is seen neither by its siblings nor by the parent",
                    "[c95]") {
  static eddy::ContextVar<int> request("request", 0);
  run_virtual([]() -> eddy::Task<> {
    request.set(1);
    auto child = [](int mine) -> eddy::Task<int> {
      const int inherited = request.get();
      request.set(mine);
      co_await eddy::sleep(1s);
      co_return inherited * 100 + request.get();
    };
    const auto [a, b] = co_await eddy::gather(child(10), child(20));
    CHECK(a == 110);
    CHECK(b == 120);
    CHECK(request.get() == 1);
  });
}

EDDY_LOOP_TEST_CASE("a grandchild in nested gathers reads the ContextVar of its grandparent") {
  static eddy::ContextVar<std::string> user("user");
  run_virtual([]() -> eddy::Task<> {
    user.set("ann");
    auto leaf = []() -> eddy::Task<std::string> {
      co_await eddy::yield();
      co_return user.get();
    };
    auto middle = [&]() -> eddy::Task<std::string> {
      const auto [a, b] = co_await eddy::gather(leaf(), leaf());
      co_return a + b;
    };
    const auto [all] = co_await eddy::gather(middle());
    CHECK(all == "annann");
  });
}

EDDY_TEST_CASE("each child of gather is a task of its own, with a name of its own") {
  const eddy::TaskRef parent = eddy::current_task();
  std::vector<std::string> names;
  auto child = [&]() -> eddy::Task<eddy::TaskRef> {
    names.push_back(eddy::current_task().name());
    co_await eddy::yield();
    co_return eddy::current_task();
  };
  const auto [a, b] = co_await eddy::gather(child(), child());
  CHECK(a);
  CHECK(b);
  CHECK_FALSE(a == b);
  CHECK_FALSE(a == parent);
  CHECK(a.done());
  const std::vector<std::string> expected{"Task-1", "Task-2"};
  CHECK(names == expected);
  CHECK(eddy::current_task() == parent);
}

EDDY_TEST_CASE("the children of a running gather are listed by all_tasks, after their parent") {
  const eddy::TaskRef parent = eddy::current_task();
  std::size_t seen = 0;
  bool parent_first = false;
  auto observer = [&]() -> eddy::Task<> {
    co_await eddy::yield();
    const std::vector<eddy::TaskRef> tasks = eddy::all_tasks();
    seen = tasks.size();
    parent_first = !tasks.empty() && tasks.front() == parent;
  };
  co_await eddy::gather(nap(1s), nap(1s), observer());
  CHECK(seen == 4);
  CHECK(parent_first);
  CHECK(eddy::all_tasks().size() == 1);
}

EDDY_TEST_CASE("gather accepts a child that completes at once in the first, the last and every place", "[c96]") {
  const auto [a, b] = co_await eddy::gather(at_once(1), after(1s, 2));
  CHECK(a == 1);
  CHECK(b == 2);
  const auto [c, d] = co_await eddy::gather(after(1s, 3), at_once(4));
  CHECK(c == 3);
  CHECK(d == 4);
  const auto [e, f] = co_await eddy::gather(at_once(5), at_once(6));
  CHECK(e == 5);
  CHECK(f == 6);
}

EDDY_TEST_CASE("gather of children that complete at once goes on in the same turn") {
  const test::TurnProbe other_ran;
  const auto [a, b] = co_await eddy::gather(at_once(1), at_once(2));
  CHECK(a + b == 3);
  CHECK_FALSE(other_ran);
  co_await test::settle();
  CHECK(other_ran);
}

EDDY_TEST_CASE("an empty gather completes without suspending") {
  const test::TurnProbe other_ran;
  co_await eddy::gather();
  const std::tuple<> outcomes = co_await eddy::gather(eddy::return_exceptions);
  CHECK(outcomes == std::tuple<>());
  const std::vector<int> none = co_await eddy::gather(std::vector<eddy::Task<int>>());
  CHECK(none.empty());
  co_await eddy::gather(std::vector<eddy::Task<>>());
  const auto no_outcomes = co_await eddy::gather(eddy::return_exceptions, std::vector<eddy::Task<>>());
  CHECK(no_outcomes.empty());
  const std::vector<eddy::TaskHandle<int>> no_handles;
  const std::vector<int> nothing = co_await eddy::gather(no_handles);
  CHECK(nothing.empty());
  CHECK_FALSE(other_ran);
  co_await test::settle();
  CHECK(other_ran);
}

EDDY_TEST_CASE("a void slot of gather is a std::monostate, and all void gives nothing", "[c94]") {
  auto mixed = co_await eddy::gather(nap(1s), after(1s, 7));
  static_assert(std::is_same_v<decltype(mixed), std::tuple<std::monostate, int>>);
  CHECK(std::get<1>(mixed) == 7);
  auto all_void = eddy::gather(nap(1s), nap(1s));
  static_assert(std::is_void_v<decltype(all_void.await_resume())>);
  const auto start = now();
  co_await all_void;
  CHECK(now() - start == 1s);
}

EDDY_TEST_CASE("a range of void tasks gives nothing", "[c94]") {
  std::vector<eddy::Task<>> tasks;
  int ended = 0;
  auto count = [&](int i) -> eddy::Task<> {
    co_await eddy::sleep(std::chrono::seconds(i));
    ++ended;
  };
  for (int i = 0; i < 5; ++i) tasks.push_back(count(i));
  auto all = eddy::gather(std::move(tasks));
  static_assert(std::is_void_v<decltype(all.await_resume())>);
  co_await all;
  CHECK(ended == 5);
}

EDDY_TEST_CASE("gather passes move-only results through, from arguments and from a range", "[c94]") {
  auto [a, b] = co_await eddy::gather(boxed(1), boxed(2));
  static_assert(std::is_same_v<decltype(a), std::unique_ptr<int>>);
  REQUIRE(a);
  CHECK(*a + *b == 3);
  std::vector<eddy::Task<std::unique_ptr<int>>> tasks;
  for (int i = 0; i < 3; ++i) tasks.push_back(boxed(i));
  const std::vector<std::unique_ptr<int>> results = co_await eddy::gather(std::move(tasks));
  REQUIRE(results.size() == 3);
  CHECK(*results[2] == 2);
}

EDDY_TEST_CASE("gather takes any range of tasks as an rvalue", "[c94]") {
  std::list<eddy::Task<int>> list;
  list.push_back(after(2s, 1));
  list.push_back(after(1s, 2));
  const std::vector<int> from_list = co_await eddy::gather(std::move(list));
  std::array<eddy::Task<int>, 2> array;
  array[0] = after(2s, 3);
  array[1] = after(1s, 4);
  const std::vector<int> from_array = co_await eddy::gather(std::move(array));
  const std::vector<int> first{1, 2};
  const std::vector<int> second{3, 4};
  CHECK(from_list == first);
  CHECK(from_array == second);
}

EDDY_TEST_CASE("gather moves the tasks out of a span, which only refers to them", "[c94]") {
  std::vector<eddy::Task<int>> tasks;
  tasks.push_back(after(1s, 1));
  tasks.push_back(after(1s, 2));
  const std::vector<int> results = co_await eddy::gather(std::span<eddy::Task<int>>(tasks));
  const std::vector<int> expected{1, 2};
  CHECK(results == expected);
  CHECK_FALSE(tasks[0].valid());
}

EDDY_TEST_CASE("gather takes a range of handles as an lvalue, which keeps them, and as an rvalue", "[c94]") {
  std::vector<eddy::TaskHandle<int>> handles;
  handles.push_back(eddy::create_task(after(2s, 1)));
  handles.push_back(eddy::create_task(after(1s, 2)));
  const std::vector<int> expected{1, 2};
  const std::vector<int> kept = co_await eddy::gather(handles);
  CHECK(kept == expected);
  REQUIRE(handles.size() == 2);
  CHECK(handles[1].result() == 2);
  const auto& constant = handles;
  const std::vector<int> again = co_await eddy::gather(constant);
  CHECK(again == expected);
  const std::vector<int> used_up = co_await eddy::gather(std::move(handles));
  CHECK(used_up == expected);
}

EDDY_TEST_CASE("a reference result of gather is a reference in the tuple and a reference_wrapper in the vector",
               "[c97]") {
  int x = 1;
  int y = 2;
  auto both = co_await eddy::gather(reference_to(x), reference_to(y));
  static_assert(std::is_same_v<decltype(both), std::tuple<int&, int&>>);
  CHECK(&std::get<0>(both) == &x);
  std::vector<eddy::Task<int&>> tasks;
  tasks.push_back(reference_to(x));
  tasks.push_back(reference_to(y));
  const auto results = co_await eddy::gather(std::move(tasks));
  static_assert(std::is_same_v<decltype(results), const std::vector<std::reference_wrapper<int>>>);
  REQUIRE(results.size() == 2);
  CHECK(&results[0].get() == &x);
  results[1].get() = 20;
  CHECK(y == 20);
}

EDDY_TEST_CASE("gather with return_exceptions gives an Outcome that refers to a reference result", "[c97]") {
  int x = 1;
  const auto [outcome] = co_await eddy::gather(eddy::return_exceptions, reference_to(x));
  REQUIRE(outcome.has_value());
  CHECK(&outcome.value() == &x);
}

EDDY_TEST_CASE("gather gives the const reference that a handle's task returns", "[c97]") {
  int x = 5;
  auto handle = eddy::create_task(reference_to(x));
  auto [same] = co_await eddy::gather(handle);
  CHECK(&same == &x);
}

EDDY_TEST_CASE("the same handle given twice to gather is awaited once and gives its value to both slots", "[c89]") {
  int runs = 0;
  auto work = [&]() -> eddy::Task<std::string> {
    ++runs;
    co_await eddy::sleep(1s);
    co_return "once";
  };
  auto handle = eddy::create_task(work());
  const auto [a, b] = co_await eddy::gather(handle, handle);
  CHECK(a == "once");
  CHECK(b == "once");
  CHECK(runs == 1);
  const std::vector<eddy::TaskHandle<std::string>> twice{handle, handle};
  const std::vector<std::string> results = co_await eddy::gather(twice);
  const std::vector<std::string> expected{"once", "once"};
  CHECK(results == expected);
}

EDDY_TEST_CASE("an error of a handle that was given twice to gather is thrown once", "[c89]") {
  auto fail = []() -> eddy::Task<int> {
    co_await eddy::sleep(1s);
    throw std::runtime_error("once");
  };
  auto handle = eddy::create_task(fail());
  std::string what;
  try {
    (void)co_await eddy::gather(handle, handle);
  } catch (const std::runtime_error& error) {
    what = error.what();
  }
  CHECK(what == "once");
}

EDDY_TEST_CASE("gather of handles that are done gives their results without suspending") {
  auto a = eddy::create_task(at_once(1));
  auto b = eddy::create_task(at_once(2));
  co_await test::settle();
  REQUIRE(b.done());
  const test::TurnProbe other_ran;
  const auto [x, y] = co_await eddy::gather(a, b);
  CHECK(x + y == 3);
  CHECK_FALSE(other_ran);
  co_await test::settle();
  CHECK(other_ran);
}

EDDY_TEST_CASE("gather mixes tasks, running handles, finished handles, futures and other awaitables") {
  const auto start = now();
  auto done = eddy::create_task(at_once(1));
  auto running = eddy::create_task(after(2s, 2));
  const auto future = eddy::get_running_loop().create_future<int>();
  eddy::get_running_loop().call_later(3s, [future] { future.set_result(3); });
  co_await eddy::yield();
  const auto [a, b, c, d, e] = co_await eddy::gather(done, running, future, after(1s, 4), eddy::sleep(5s));
  CHECK(a == 1);
  CHECK(b == 2);
  CHECK(c == 3);
  CHECK(d == 4);
  CHECK(e == std::monostate());
  CHECK(now() - start == 5s);
}

EDDY_TEST_CASE("gather takes a range of futures") {
  std::vector<eddy::Future<int>> futures;
  for (int i = 0; i < 3; ++i) {
    futures.push_back(eddy::get_running_loop().create_future<int>());
    eddy::get_running_loop().call_later(std::chrono::seconds(3 - i),
                                        [future = futures.back(), i] { future.set_result(i); });
  }
  const std::vector<int> results = co_await eddy::gather(futures);
  const std::vector<int> expected{0, 1, 2};
  CHECK(results == expected);
}

EDDY_TEST_CASE("gather nests, also as an argument of gather") {
  const auto [pair, c] = co_await eddy::gather(eddy::gather(after(1s, 1), after(2s, 2)), after(3s, 3));
  CHECK(std::get<0>(pair) == 1);
  CHECK(std::get<1>(pair) == 2);
  CHECK(c == 3);
}

EDDY_TEST_CASE("a recursive gather of width 5 and depth 4 runs exactly its 781 tasks", "[c101]") {
  int bodies = 0;
  std::function<eddy::Task<int>(int)> grow = [&](int depth) -> eddy::Task<int> {
    ++bodies;
    if (depth == 0) {
      co_await eddy::yield();
      co_return 1;
    }
    std::vector<eddy::Task<int>> children;
    for (int i = 0; i < 5; ++i) children.push_back(grow(depth - 1));
    const std::vector<int> below = co_await eddy::gather(std::move(children));
    int sum = 1;
    for (const int part : below) sum += part;
    co_return sum;
  };
  const int counted = co_await grow(4);
  CHECK(counted == 781);
  CHECK(bodies == 781);
  CHECK(eddy::all_tasks().size() == 1);
}

EDDY_TEST_CASE("gather starts its children in order, in the caller's turn, each up to its first suspension",
               "[order]") {
  std::vector<std::string> log;
  auto child = [&](std::string name) -> eddy::Task<> {
    log.push_back(name + " starts");
    co_await eddy::yield();
    log.push_back(name + " ends");
  };
  eddy::get_running_loop().call_soon([&] { log.push_back("a callback that was ready before"); });
  co_await eddy::gather(child("a"), log_line(log, "b"), child("c"));
  log.push_back("parent");
  const std::vector<std::string> expected{"a starts", "b",      "c starts", "a callback that was ready before",
                                          "a ends",   "c ends", "parent"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("gather starts nothing before it is awaited, and a dropped one destroys its tasks unrun") {
  bool ran = false;
  auto child = [&](Tracked) -> eddy::Task<> {
    ran = true;
    co_return;
  };
  {
    auto all = eddy::gather(child(Tracked()), child(Tracked()));
    CHECK(Tracked::alive == 2);
    co_await eddy::yield();
    static_cast<void>(all);
  }
  CHECK_FALSE(ran);
  CHECK(Tracked::alive == 0);
}

EDDY_LOOP_TEST_CASE("the last child of gather hands over to the caller in its own turn") {
  std::vector<std::string> log;
  test::run_virtual([&]() -> eddy::Task<> {
    auto last = [&]() -> eddy::Task<> {
      co_await eddy::yield();
      eddy::get_running_loop().call_soon([&] { log.push_back("callback"); });
      log.push_back("last child ends");
    };
    co_await eddy::gather(last());
    log.push_back("caller");
    co_await test::settle();
  });
  const std::vector<std::string> expected{"last child ends", "caller", "callback"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("the frames of gather's children are gone when it completes", "[order]") {
  auto child = []() -> eddy::Task<int> {
    const Tracked local;
    co_await eddy::sleep(1s);
    co_return Tracked::alive;
  };
  auto both = eddy::gather(child(), child());
  const auto [a, b] = co_await both;
  CHECK(a == 2);
  CHECK(b == 1);  // the first one's frame is gone already
  CHECK(Tracked::alive == 0);
}

EDDY_TEST_CASE("a semaphore limits how many children of a gather work at once, and the order of results stays",
               "[c99]") {
  eddy::Semaphore window(3);
  int active = 0;
  int most = 0;
  auto worker = [&](int i) -> eddy::Task<int> {
    auto permit = co_await window.scoped();
    most = std::max(most, ++active);
    co_await eddy::sleep(std::chrono::seconds(1 + i % 3));
    --active;
    co_return i;
  };
  std::vector<eddy::Task<int>> tasks;
  for (int i = 0; i < 20; ++i) tasks.push_back(worker(i));
  const std::vector<int> results = co_await eddy::gather(std::move(tasks));
  REQUIRE(results.size() == 20);
  for (int i = 0; i < 20; ++i) CHECK(results[static_cast<std::size_t>(i)] == i);
  CHECK(most == 3);
  CHECK(window.value() == 3);
}

EDDY_TEST_CASE("a value-initialised task among gather's arguments is refused, and no child has started", "[c90]") {
  bool ran = false;
  auto child = [&](Tracked) -> eddy::Task<> {
    ran = true;
    co_return;
  };
  bool refused = false;
  try {
    co_await eddy::gather(child(Tracked()), eddy::Task<>(), child(Tracked()));
  } catch (const eddy::InvalidStateError&) {
    refused = true;
  }
  CHECK(refused);
  CHECK_FALSE(ran);
  CHECK(Tracked::alive == 0);
  CHECK(eddy::all_tasks().size() == 1);
}

EDDY_TEST_CASE("an empty task in gather's range is refused, and no child has started", "[c90]") {
  bool ran = false;
  auto child = [&](Tracked) -> eddy::Task<> {
    ran = true;
    co_return;
  };
  bool refused = false;
  {
    std::vector<eddy::Task<>> tasks;
    tasks.push_back(child(Tracked()));
    tasks.emplace_back();
    tasks.push_back(child(Tracked()));
    try {
      co_await eddy::gather(std::move(tasks));
    } catch (const eddy::InvalidStateError&) {
      refused = true;
    }
  }
  CHECK(refused);
  CHECK_FALSE(ran);
  CHECK(Tracked::alive == 0);
}

EDDY_TEST_CASE("gather of a move-only result gives it to the first of two slots; the second throws InvalidStateError") {
  auto handle = eddy::create_task(boxed(1));
  bool refused = false;
  try {
    (void)co_await eddy::gather(handle, handle);
  } catch (const eddy::InvalidStateError&) {
    refused = true;
  }
  CHECK(refused);
}

EDDY_TEST_CASE("gather leaves the value of a handle that somebody else holds in the handle") {
  auto handle = eddy::create_task(after(1s, std::string("a text too long for the small buffer")));
  const auto [copy] = co_await eddy::gather(handle);
  CHECK(copy == handle.result());
  const auto [moved] = co_await eddy::gather(eddy::create_task(after(1s, std::string("temporary handle"))));
  CHECK(moved == "temporary handle");
}

EDDY_TEST_CASE("a hundred thousand children complete at once on a flat stack", "[large]") {
  std::vector<eddy::Task<int>> tasks;
  for (int i = 0; i < 100'000; ++i) tasks.push_back(at_once(1));
  const std::vector<int> results = co_await eddy::gather(std::move(tasks));
  CHECK(results.size() == 100'000);
  int sum = 0;
  for (const int one : results) sum += one;
  CHECK(sum == 100'000);
}
