// move_on_after: an expiry is an empty result and no error.
//
// What it shares with `timeout` is in timeout_test.cpp.
//
// SPDX-License-Identifier: MIT
#include "support/work.hpp"

#include <memory>
#include <optional>

using namespace test;

EDDY_TEST_CASE("move_on_after gives an optional: the value in time, empty after the deadline") {
  const auto start = now();
  const auto in_time = co_await eddy::move_on_after(5s, after(1s, 7));
  static_assert(std::is_same_v<decltype(in_time), const std::optional<int>>);
  CHECK(in_time == 7);
  CHECK(now() - start == 1s);
  const auto late = co_await eddy::move_on_after(5s, after(1h, 7));
  CHECK_FALSE(late.has_value());
  CHECK(now() - start == 6s);
}

EDDY_TEST_CASE("move_on_after of void gives whether the work ended in time") {
  const bool in_time = co_await eddy::move_on_after(5s, nap(1s));
  const bool late = co_await eddy::move_on_after(5s, nap(1h));
  CHECK(in_time);
  CHECK_FALSE(late);
}

EDDY_TEST_CASE("move_on_after of a reference gives a pointer, null after the deadline") {
  int x = 1;
  auto reference = [&](std::chrono::seconds delay) -> eddy::Task<int&> {
    co_await eddy::sleep(delay);
    co_return x;
  };
  int* in_time = co_await eddy::move_on_after(5s, reference(1s));
  int* late = co_await eddy::move_on_after(5s, reference(10s));
  CHECK(in_time == &x);
  CHECK(late == nullptr);
}

EDDY_TEST_CASE("move_on_after gives a move-only value") {
  auto boxed = []() -> eddy::Task<std::unique_ptr<int>> {
    co_await eddy::sleep(1s);
    co_return std::make_unique<int>(3);
  };
  const auto box = co_await eddy::move_on_after(5s, boxed());
  REQUIRE(box);
  CHECK(**box == 3);
}

EDDY_TEST_CASE("move_on_after passes errors through, also those of a cleanup after the deadline") {
  auto bad = []() -> eddy::Task<> {
    co_await eddy::sleep(1s);
    throw std::runtime_error("bad");
  };
  const std::string early = co_await ending_by_kind(eddy::move_on_after(5s, bad()));
  CHECK(early == "bad");
  const std::string late = co_await ending_by_kind(eddy::move_on_after(5s, eddy::try_finally(nap(1h), bad())));
  CHECK(late == "bad");
}

EDDY_TEST_CASE("move_on_after waits for the work that it stops", "[c190]") {
  auto body = []() -> eddy::Task<> {
    const Tracked tracked;
    co_await eddy::try_finally(nap(1h), nap(2s));
  };
  const auto start = now();
  const bool in_time = co_await eddy::move_on_after(1s, body());
  CHECK_FALSE(in_time);
  CHECK(Tracked::alive == 0);
  CHECK(now() - start == 3s);
}

EDDY_TEST_CASE("move_on_after gives the value of work that could not be stopped", "[c179]") {
  auto stubborn = []() -> eddy::Task<int> {
    co_await eddy::uncancellable(nap(5s));
    co_return 42;
  };
  const auto value = co_await eddy::move_on_after(1s, stubborn());
  CHECK(value == 42);
}

EDDY_TEST_CASE("move_on_after gives a value that is there at the very moment of the deadline", "[c174]") {
  const auto value = co_await eddy::move_on_after(5s, after(5s, 1));
  CHECK(value == 1);
}

EDDY_TEST_CASE("move_on_after with zero or less starts the body and stops it at its first blocking suspension",
               "[c161]") {
  int started = 0;
  auto body = [&]() -> eddy::Task<> {
    ++started;
    co_await eddy::yield();
    started = 100;
  };
  const bool at_zero = co_await eddy::move_on_after(0s, body());
  const bool below = co_await eddy::move_on_after(-1s, body());
  CHECK_FALSE(at_zero);
  CHECK_FALSE(below);
  CHECK(started == 2);
  const auto now_there = co_await eddy::move_on_after(0s, []() -> eddy::Task<int> { co_return 1; });
  CHECK(now_there == 1);
}

EDDY_TEST_CASE("move_on_after of nullopt waits for ever", "[c160]") {
  const auto value = co_await eddy::move_on_after(std::nullopt, after(1h, 1));
  CHECK(value == 1);
}

EDDY_TEST_CASE("move_on_after moves on inside uncancellable work, even after the caller was cancelled", "[c187]") {
  std::vector<std::string> log;
  auto shielded = [&]() -> eddy::Task<> {
    const bool in_time = co_await eddy::move_on_after(5s, nap(1h));
    log.push_back(in_time ? "in time" : "moved on");
    co_await eddy::sleep(1s);
    log.push_back("went on");
  };
  auto work = [&]() -> eddy::Task<> {
    co_await eddy::uncancellable(shielded());
    co_await eddy::yield();
    log.push_back("not reached");
  };
  auto handle = eddy::create_task(work());
  co_await eddy::sleep(1s);
  const auto start = now();
  handle.cancel();
  const std::string how = co_await ending_by_kind(handle);
  CHECK(how == "CancelledError ");
  CHECK(now() - start == 5s);
  const std::vector<std::string> expected{"moved on", "went on"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("move_on_after around a shield moves on at once and leaves the task running", "[c187]") {
  const auto inner = eddy::create_task(after(10s, 1));
  const auto start = now();
  const auto nothing = co_await eddy::move_on_after(1s, eddy::shield(inner));
  CHECK(nothing == nullptr);  // a handle gives a const T&, so this is a pointer
  CHECK(now() - start == 1s);
  const int value = co_await inner;
  CHECK(value == 1);
}

EDDY_TEST_CASE("move_on_after around a handle cancels its task and gives nothing, whatever that gives") {
  const auto plain = eddy::create_task(after(1h, 1));
  const auto nothing = co_await eddy::move_on_after(1s, plain);
  CHECK(nothing == nullptr);  // a handle gives a const T&, so this is a pointer
  CHECK(plain.cancelled());
  auto stubborn = []() -> eddy::Task<int> {
    co_await eddy::uncancellable(nap(5s));
    co_return 42;
  };
  const auto firm = eddy::create_task(stubborn());
  const auto still_nothing = co_await eddy::move_on_after(1s, firm);
  CHECK(still_nothing == nullptr);
  CHECK(firm.result() == 42);
}

EDDY_TEST_CASE("a cancel of the caller is not mistaken for the expiry of move_on_after", "[c165]") {
  bool reached = false;
  auto work = [&]() -> eddy::Task<> {
    (void)co_await eddy::move_on_after(5s, nap(1h));
    reached = true;
  };
  auto handle = eddy::create_task(work());
  co_await eddy::sleep(1s);
  handle.cancel();
  const std::string how = co_await ending_by_kind(handle);
  CHECK(how == "CancelledError ");
  CHECK_FALSE(reached);
}

EDDY_TEST_CASE("the body of move_on_after can reschedule its deadline and is given further arguments", "[c167]") {
  auto body = [](eddy::Timeout& limit, int rounds) -> eddy::Task<int> {
    for (int i = 0; i < rounds; ++i) {
      limit.reschedule(now() + 2s);
      co_await eddy::sleep(1s);
    }
    co_return rounds;
  };
  const auto start = now();
  const auto value = co_await eddy::move_on_after(2s, body, 10);
  CHECK(value == 10);
  CHECK(now() - start == 10s);
}

EDDY_TEST_CASE("nested move_on_after: the outer deadline ends both") {
  bool inner_returned = false;
  auto body = [&]() -> eddy::Task<> {
    (void)co_await eddy::move_on_after(10s, nap(1h));
    inner_returned = true;
  };
  const auto start = now();
  const bool in_time = co_await eddy::move_on_after(5s, body());
  CHECK_FALSE(in_time);
  CHECK_FALSE(inner_returned);
  CHECK(now() - start == 5s);
}
