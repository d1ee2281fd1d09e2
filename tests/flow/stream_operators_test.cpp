// The stream operators: what they yield, when they stop, and that what runs beside them ends with them.
//
// SPDX-License-Identifier: MIT
#include "support/run.hpp"

#include <string>

using namespace test;

namespace {

eddy::AsyncGenerator<int> count(int end, std::chrono::milliseconds pause = 0ms) {
  const Tracked tracked;
  for (int i = 0; i < end; ++i) {
    if (pause > 0ms) co_await eddy::sleep(pause);
    co_yield i;
  }
}

template <class T>
eddy::Task<std::vector<T>> collect(eddy::AsyncGenerator<T> source) {
  std::vector<T> items;
  while (auto item = co_await source.next()) items.push_back(std::move(*item));
  co_return items;
}

eddy::Task<int> slow_square(int x) {
  co_await eddy::sleep(1s);
  co_return x * x;
}

eddy::Task<int> fail_at_two(int x) {
  co_await eddy::sleep(1s);
  if (x == 2) throw std::runtime_error("two");
  co_return x;
}

}  // namespace

EDDY_TEST_CASE("transform applies a function, or awaits a coroutine, in order") {
  const auto doubled = co_await collect(count(3) | eddy::transform([](int x) { return 2 * x; }));
  CHECK(doubled == std::vector<int>{0, 2, 4});
  const auto start = now();
  const auto squares = co_await collect(count(3) | eddy::transform(slow_square));
  CHECK(squares == std::vector<int>{0, 1, 4});
  CHECK(now() - start == 3s);
}

EDDY_TEST_CASE("filter keeps what it accepts, and take ends after so many, without asking for more") {
  auto even = count(100) | eddy::filter([](int x) { return x % 2 == 0; }) | eddy::take(2);
  const auto items = co_await collect(std::move(even));
  CHECK(items == std::vector<int>{0, 2});
  CHECK(Tracked::alive == 0);
  const auto none = co_await collect(count(3) | eddy::take(0));
  CHECK(none.empty());
}

EDDY_LOOP_TEST_CASE("chunk yields full vectors and a shorter last one, and refuses a size of zero") {
  run_virtual([]() -> eddy::Task<> {
    const auto chunks = co_await collect(count(5) | eddy::chunk(2));
    CHECK(chunks == std::vector<std::vector<int>>{{0, 1}, {2, 3}, {4}});
  });
  CHECK_THROWS_AS(eddy::chunk(0), std::invalid_argument);
}

EDDY_TEST_CASE("zip ends with the shorter source") {
  const auto pairs = co_await collect(eddy::zip(count(2), count(5) | eddy::transform([](int x) { return 10 * x; })));
  CHECK(pairs == std::vector<std::pair<int, int>>{{0, 0}, {1, 10}});
}

EDDY_LOOP_TEST_CASE("transform_concurrent runs up to its limit at a time and keeps the order") {
  run_virtual([]() -> eddy::Task<> {
    const auto start = now();
    const auto squares = co_await collect(count(6) | eddy::transform_concurrent(slow_square, 3));
    CHECK(squares == std::vector<int>{0, 1, 4, 9, 16, 25});
    CHECK(now() - start == 2s);
  });
  CHECK_THROWS_AS(eddy::transform_concurrent(slow_square, 0), std::invalid_argument);
}

EDDY_TEST_CASE("an error of transform_concurrent comes in its place, and the calls behind it are cancelled") {
  auto source = count(10) | eddy::transform_concurrent(fail_at_two, 3);
  std::vector<int> items;
  std::string text;
  try {
    while (auto item = co_await source.next()) items.push_back(*item);
  } catch (const std::runtime_error& e) {
    text = e.what();
  }
  CHECK(items == std::vector<int>{0, 1});
  CHECK(text == "two");
  co_await eddy::sleep(1ms);
  CHECK(eddy::all_tasks().size() == 1);
  CHECK(Tracked::alive == 0);
}

EDDY_TEST_CASE("dropping a buffered or concurrent stream ends what runs for it") {
  {
    auto source = count(10, 1s) | eddy::transform_concurrent(slow_square, 3);
    const auto first = co_await source.next();
    CHECK(first == 0);
  }
  {
    auto source = count(10, 1s) | eddy::buffered(3);
    const auto first = co_await source.next();
    CHECK(first == 0);
  }
  co_await eddy::sleep(1ms);
  CHECK(eddy::all_tasks().size() == 1);
  CHECK(Tracked::alive == 0);
}

EDDY_TEST_CASE("buffered reads ahead while its consumer is busy") {
  auto source = count(4, 1000ms) | eddy::buffered(4);
  const auto start = now();
  (void)co_await source.next();
  co_await eddy::sleep(3s);
  int rest = 0;
  while (auto item = co_await source.next()) ++rest;
  CHECK(rest == 3);
  CHECK(now() - start == 4s);
}

EDDY_TEST_CASE("merge gives items as they come and ends when all sources have ended") {
  const auto items = co_await collect(eddy::merge(count(2, 1000ms), count(2, 1500ms)));
  CHECK(items == std::vector<int>{0, 0, 1, 1});
}
