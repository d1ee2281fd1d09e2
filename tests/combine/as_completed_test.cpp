// as_completed: the order of the handles, the time limit, duplicates, and what is left when it is abandoned.
//
// SPDX-License-Identifier: MIT
#include "support/work.hpp"

#include <memory>
#include <optional>

using namespace test;

namespace {

using Handles = std::vector<eddy::TaskHandle<int>>;

// Handles of tasks that end after so many seconds each, with that number.
Handles ending_after(const std::vector<int>& seconds) {
  Handles handles;
  for (const int s : seconds) handles.push_back(eddy::create_task(after(std::chrono::seconds(s), s)));
  return handles;
}

}  // namespace

EDDY_TEST_CASE("as_completed gives the handles in the order in which the tasks end, then nullopt") {
  const Handles handles = ending_after({3, 1, 2});
  const auto start = now();
  auto order = eddy::as_completed(handles);
  std::vector<int> values;
  std::vector<eddy::Duration> times;
  while (auto handle = co_await order.next()) {
    values.push_back(handle->result());
    times.push_back(now() - start);
  }
  const std::vector<int> expected{1, 2, 3};
  CHECK(values == expected);
  const std::vector<eddy::Duration> expected_times{1s, 2s, 3s};
  CHECK(times == expected_times);
  const auto end = co_await order.next();
  CHECK_FALSE(end);
}

EDDY_TEST_CASE("as_completed gives the very handles that were given") {
  const Handles handles = ending_after({2, 1});
  auto order = eddy::as_completed(handles);
  const auto first = co_await order.next();
  const auto second = co_await order.next();
  REQUIRE(first);
  REQUIRE(second);
  CHECK(*first == handles[1]);
  CHECK(*second == handles[0]);
}

EDDY_TEST_CASE("as_completed gives what is done already first, without a suspension") {
  const Handles handles = ending_after({5, 1, 2});
  co_await eddy::sleep(3s);
  auto order = eddy::as_completed(handles);
  const test::TurnProbe other_ran;
  const auto first = co_await order.next();
  const auto second = co_await order.next();
  CHECK_FALSE(other_ran);
  REQUIRE(first);
  REQUIRE(second);
  CHECK(first->result() + second->result() == 3);
  const auto third = co_await order.next();
  REQUIRE(third);
  CHECK(third->result() == 5);
}

EDDY_TEST_CASE("tasks that end between two calls of next are given later in the order in which they ended") {
  const Handles handles = ending_after({4, 1, 3, 2});
  auto order = eddy::as_completed(handles);
  std::vector<int> values;
  const auto first = co_await order.next();
  REQUIRE(first);
  values.push_back(first->result());
  co_await eddy::sleep(10s);
  while (auto handle = co_await order.next()) values.push_back(handle->result());
  const std::vector<int> expected{1, 2, 3, 4};
  CHECK(values == expected);
}

EDDY_TEST_CASE("as_completed gives failed and cancelled tasks like the others: next throws nothing") {
  Handles handles = ending_after({3, 9});
  handles.push_back(eddy::create_task(fail_after<int>(2s, "bad")));
  eddy::get_running_loop().call_later(1s, [&] { handles[1].cancel("enough"); });
  auto order = eddy::as_completed(handles);
  std::vector<std::string> log;
  while (auto handle = co_await order.next()) {
    const std::string how = co_await ending(*handle);
    log.push_back(how);
  }
  const std::vector<std::string> expected{"CancelledError enough", "bad", "value"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("as_completed gives a handle that is there twice once", "[c110]") {
  Handles handles = ending_after({2, 1});
  handles.push_back(handles[0]);
  handles.push_back(handles[1]);
  auto order = eddy::as_completed(handles);
  std::vector<int> values;
  while (auto handle = co_await order.next()) values.push_back(handle->result());
  const std::vector<int> expected{1, 2};
  CHECK(values == expected);
}

EDDY_TEST_CASE("as_completed without handles throws std::invalid_argument", "[c107]") {
  CHECK_THROWS_AS(static_cast<void>(eddy::as_completed(Handles())), std::invalid_argument);
  co_return;
}

EDDY_TEST_CASE("when the limit of as_completed has passed next throws TimeoutError for what remains", "[c109]") {
  const Handles handles = ending_after({1, 5, 6});
  const auto start = now();
  auto order = eddy::as_completed(handles, 2s);
  const auto first = co_await order.next();
  REQUIRE(first);
  CHECK(first->result() == 1);
  const std::string second = co_await ending(order.next());
  CHECK(second.find("timed out") == 0);
  CHECK(now() - start == 2s);
  const std::string third = co_await ending(order.next());
  CHECK(third.find("timed out") == 0);
  CHECK(now() - start == 2s);
  CHECK_FALSE(handles[1].done());
  CHECK(handles[1].cancelling() == 0);
  (void)co_await eddy::wait(handles);
}

EDDY_TEST_CASE("tasks that had ended before the limit are given after it", "[c109]") {
  const Handles handles = ending_after({1, 2, 3, 20});
  auto order = eddy::as_completed(handles, 4s);
  const auto first = co_await order.next();
  REQUIRE(first);
  co_await eddy::sleep(9s);
  const auto second = co_await order.next();
  const auto third = co_await order.next();
  REQUIRE(second);
  REQUIRE(third);
  CHECK(second->result() == 2);
  CHECK(third->result() == 3);
  const std::string fourth = co_await ending(order.next());
  CHECK(fourth.find("timed out") == 0);
  (void)co_await eddy::wait(handles);
}

EDDY_LOOP_TEST_CASE("a limit that is never reached does not end the order with an error, and leaves no timer") {
  eddy::testing::VirtualClock clock;
  run_virtual(
      []() -> eddy::Task<> {
        const Handles handles = ending_after({1, 2});
        auto order = eddy::as_completed(handles, 100h);
        int count = 0;
        while (auto handle = co_await order.next()) ++count;
        CHECK(count == 2);
        const auto end = co_await order.next();
        CHECK_FALSE(end);
      },
      clock);
  CHECK(clock.elapsed() == 2s);
}

EDDY_TEST_CASE("as_completed with a limit of zero gives what is done and times out on the rest", "[c109]") {
  const Handles handles = ending_after({1, 5});
  co_await eddy::sleep(2s);
  const auto start = now();
  auto order = eddy::as_completed(handles, 0s);
  const auto first = co_await order.next();
  REQUIRE(first);
  CHECK(first->result() == 1);
  const std::string second = co_await ending(order.next());
  CHECK(second.find("timed out") == 0);
  CHECK(now() == start);
  (void)co_await eddy::wait(handles);
}

EDDY_TEST_CASE("an as_completed that is left early leaves the tasks running and no waiter behind", "[c111]") {
  const Handles handles = ending_after({1, 2, 3});
  {
    auto order = eddy::as_completed(handles, 1h);
    const auto first = co_await order.next();
    REQUIRE(first);
  }
  CHECK_FALSE(handles[1].done());
  const auto rest = co_await eddy::wait(handles);  // would touch freed memory if a watcher were left
  CHECK(rest.done.size() == 3);
  CHECK_FALSE(handles[2].cancelled());
}

EDDY_TEST_CASE("an as_completed that is never asked does nothing", "[c111]") {
  const Handles handles = ending_after({1});
  { const auto order = eddy::as_completed(handles); }
  const int value = co_await handles[0];
  CHECK(value == 1);
}

EDDY_TEST_CASE("an as_completed that was abandoned can be taken up again by another of the same handles", "[c111]") {
  const Handles handles = ending_after({3, 1, 2});
  {
    auto order = eddy::as_completed(handles);
    (void)co_await order.next();
  }
  auto order = eddy::as_completed(handles);
  std::vector<int> values;
  while (auto handle = co_await order.next()) values.push_back(handle->result());
  const std::vector<int> expected{1, 2, 3};
  CHECK(values == expected);
}

EDDY_TEST_CASE("an as_completed can be moved between two calls of next") {
  const Handles handles = ending_after({1, 2});
  auto order = eddy::as_completed(handles);
  (void)co_await order.next();
  auto moved = std::move(order);
  const auto second = co_await moved.next();
  REQUIRE(second);
  CHECK(second->result() == 2);
}

EDDY_TEST_CASE("a cancelled next loses nothing: another task can go on with the same order") {
  const Handles handles = ending_after({2, 3});
  auto order = eddy::as_completed(handles);
  auto consumes = [&]() -> eddy::Task<> { (void)co_await order.next(); };
  auto consumer = eddy::create_task(consumes());
  co_await eddy::sleep(1s);
  consumer.cancel();
  const std::string how = co_await ending(consumer);
  CHECK(how == "CancelledError ");
  CHECK_FALSE(handles[0].done());
  CHECK(handles[0].cancelling() == 0);
  std::vector<int> values;
  while (auto handle = co_await order.next()) values.push_back(handle->result());
  const std::vector<int> expected{2, 3};
  CHECK(values == expected);
}

EDDY_TEST_CASE("a handle that next was given in the turn of a cancel is delivered", "[order]") {
  Handles handles = ending_after({1, 2});
  auto order = eddy::as_completed(handles);
  int got = 0;
  auto consumes = [&]() -> eddy::Task<> {
    const auto handle = co_await order.next();
    got = handle->result();
    co_await eddy::yield();
    got = -1;
  };
  auto consumer = eddy::create_task(consumes());
  co_await test::settle();
  handles[0].add_done_callback([consumer]() mutable { consumer.cancel(); });  // just after the order was told
  const std::string how = co_await ending(consumer);
  CHECK(how == "CancelledError ");
  CHECK(got == 1);
  const auto second = co_await order.next();
  REQUIRE(second);
  CHECK(second->result() == 2);
}

EDDY_TEST_CASE("two tasks cannot wait for the next completion at the same time: the second gets BusyResourceError",
               "") {
  const Handles handles = ending_after({1, 2});
  auto order = eddy::as_completed(handles);
  auto consumes = [&]() -> eddy::Task<int> {
    const auto handle = co_await order.next();
    co_return handle->result();
  };
  auto first = eddy::create_task(consumes(), {.name = "first"});
  co_await test::settle();
  std::string how;
  try {
    (void)co_await order.next();
  } catch (const eddy::BusyResourceError& error) {
    how = error.what();
  }
  CHECK(how.find("eddy: task first, which waits for the next task to end at ") == 0);
  CHECK(how.find(", takes from this as_completed; one at a time may") != std::string::npos);
  const int value = co_await first;
  CHECK(value == 1);
  (void)co_await eddy::wait(handles);
}

EDDY_TEST_CASE("a task that was woken for a completion gets it, though another task asks before it resumes") {
  Handles handles = ending_after({1, 5});
  auto order = eddy::as_completed(handles);
  auto consumes = [&]() -> eddy::Task<int> {
    const auto handle = co_await order.next();
    co_return handle ? handle->result() : -1;
  };
  auto patient = eddy::create_task(consumes());
  co_await eddy::yield();
  std::string intruder;
  auto asks = [&]() -> eddy::Task<> {
    (void)co_await handles[0];  // is told after the order
    intruder = co_await ending(order.next());
  };
  auto other = eddy::create_task(asks());
  const std::string how = co_await ending(patient);
  CHECK(how == "value");
  REQUIRE(patient.done());
  if (how == "value") CHECK(patient.result() == 1);
  const std::string other_how = co_await ending(other);
  CHECK(other_how == "value");
  CHECK_FALSE(intruder.find("timed out") == 0);
  (void)co_await eddy::wait(handles);
}

EDDY_TEST_CASE("as_completed of the running task's own handle is an error, not a hang") {
  std::vector<eddy::TaskHandle<>> self;
  auto waits = [&]() -> eddy::Task<> {
    auto order = eddy::as_completed(self);
    (void)co_await order.next();
  };
  self.push_back(eddy::create_task(waits()));
  co_await eddy::sleep(1s);
  REQUIRE(self[0].done());
  CHECK_THROWS_AS(self[0].result(), eddy::RuntimeError);
}

TEST_CASE("as_completed with a time limit may outlive its loop") {
  using Order = decltype(eddy::as_completed(std::declval<std::vector<eddy::TaskHandle<int>>>(), 1h));
  std::optional<Order> order;
  const auto main = [&]() -> eddy::Task<> {
    std::vector<eddy::TaskHandle<int>> handles;
    handles.push_back(eddy::create_task(after(1s, 1)));
    handles.push_back(eddy::create_task(after(2h, 2)));
    order.emplace(eddy::as_completed(std::move(handles), 1h));
    auto first = co_await order->next();
    CHECK(first->result() == 1);
  };
  eddy::testing::VirtualClock clock;
  eddy::run(main(), {.clock = &clock});
  order.reset();
}

EDDY_TEST_CASE("as_completed gives two thousand handles in order of their ends", "[large]") {
  Handles handles;
  for (int i = 0; i < 2000; ++i)
    handles.push_back(eddy::create_task(after(std::chrono::milliseconds(1 + (i * 7919) % 2003), (i * 7919) % 2003)));
  auto order = eddy::as_completed(std::move(handles));
  int last = -1;
  int count = 0;
  bool sorted = true;
  while (auto handle = co_await order.next()) {
    const int value = handle->result();
    sorted = sorted && last <= value;
    last = value;
    ++count;
  }
  CHECK(count == 2000);
  CHECK(sorted);
}

EDDY_TEST_CASE("an AsCompleted can be kept, moved and taken up later") {
  std::vector<eddy::TaskHandle<int>> handles{eddy::create_task(after(2s, 2)), eddy::create_task(after(1s, 1))};
  eddy::AsCompleted<int> order = eddy::as_completed(handles);
  auto first = co_await order.next();
  REQUIRE(first);
  CHECK(first->result() == 1);
  eddy::AsCompleted<int> moved = std::move(order);
  auto second = co_await moved.next();
  REQUIRE(second);
  CHECK(second->result() == 2);
  const auto end = co_await moved.next();
  CHECK_FALSE(end);
}

EDDY_TEST_CASE("as_completed refuses a task that it waits for, also when another has asked before") {
  eddy::AsCompleted<int>* order = nullptr;
  const auto ask = [&order]() -> eddy::Task<int> {
    co_await eddy::sleep(1s);
    auto handle = co_await order->next();
    co_return handle->result();
  };
  Handles handles = ending_after({2, 0});
  handles.push_back(eddy::create_task(ask()));
  auto completions = eddy::as_completed(handles);
  order = &completions;
  const auto first = co_await completions.next();
  CHECK(first->result() == 0);
  (void)co_await eddy::wait(handles);
  CHECK_THROWS_AS(handles.back().result(), eddy::RuntimeError);
}

EDDY_TEST_CASE("an as_completed that is dropped in the turn in which its limit passes does not end the next one in its place") {
  const Handles handles = ending_after({5});
  auto order = std::make_unique<eddy::AsCompleted<int>>(eddy::as_completed(handles, 1s));
  eddy::get_running_loop().call_later(1s, [&] {
    const eddy::testing::AllocationsSucceed pause;
    order.reset();
    order = std::make_unique<eddy::AsCompleted<int>>(eddy::as_completed(handles, 1h));
  });
  auto consumes = [&]() -> eddy::Task<> { (void)co_await order->next(); };
  auto consumer = eddy::create_task(consumes());
  co_await eddy::sleep(500ms);
  consumer.cancel();
  co_await eddy::sleep(2s);
  const auto handle = co_await order->next();
  REQUIRE(handle);
  CHECK(handle->result() == 5);
}

EDDY_TEST_CASE("the first next, in a task within another, gives what has ended already without suspending") {
  const Handles handles = ending_after({1});
  co_await eddy::sleep(2s);
  REQUIRE(handles[0].done());
  const auto outer = [](const Handles& ended) -> eddy::Task<int> {
    const auto inner = [](const Handles& of) -> eddy::Task<int> {
      auto order = eddy::as_completed(of);
      const auto handle = co_await order.next();
      co_return handle ? handle->result() : 0;
    };
    const int value = co_await inner(ended);
    co_return 10 * value;
  };
  auto task = eddy::create_task(outer(handles));
  const int value = co_await task;
  CHECK(value == 10);
}
