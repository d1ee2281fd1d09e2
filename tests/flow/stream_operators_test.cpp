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
  co_return x* x;
}

eddy::Task<int> tracked_square(int x) {
  const Tracked tracked;
  co_return co_await slow_square(x);
}

eddy::AsyncGenerator<int> fail_after(std::chrono::milliseconds delay, const char* text) {
  co_await eddy::sleep(delay);
  throw std::runtime_error(text);
  co_yield 0;
}

eddy::AsyncGenerator<int> with_cleanup(std::vector<std::string>& log, int end) {
  co_await eddy::on_close([&log]() -> eddy::Task<> {
    co_await eddy::sleep(1s);
    log.push_back("closed");
  });
  for (int i = 0; i < end; ++i) co_yield i;
}

eddy::Task<int> drain(eddy::AsyncGenerator<int>& source) {
  int sum = 0;
  while (auto item = co_await source.next()) sum += *item;
  co_return sum;
}

// The reports of debug mode while `body` runs.
template <class F>
std::vector<std::string> reports_in_debug_mode(F body) {
  eddy::testing::VirtualClock clock;
  eddy::RunOptions options;
  options.clock = &clock;
  options.debug = true;
  options.on_exception = &test::record_report;
  eddy::run(body(), options);
  return take_reports();
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

EDDY_TEST_CASE("an error of one source ends a merge after what came before it, and cancels the other sources") {
  auto source = eddy::merge(count(100, 1000ms), fail_after(2500ms, "bad"));
  std::vector<int> items;
  std::string text;
  try {
    while (auto item = co_await source.next()) items.push_back(*item);
  } catch (const std::runtime_error& e) {
    text = e.what();
  }
  CHECK(items == std::vector<int>{0, 1});
  CHECK(text == "bad");
  CHECK(Tracked::alive == 0);
  CHECK(eddy::all_tasks().size() == 1);
  const auto end = co_await source.next();
  CHECK_FALSE(end.has_value());
}

EDDY_LOOP_TEST_CASE("buffered gives the items before an error, then the error, then the end") {
  run_virtual([]() -> eddy::Task<> {
    const auto two_and_an_error = []() -> eddy::AsyncGenerator<int> {
      co_yield 1;
      co_yield 2;
      throw std::runtime_error("bad");
    };
    auto source = two_and_an_error() | eddy::buffered(5);
    std::vector<int> items;
    std::string text;
    try {
      while (auto item = co_await source.next()) {
        items.push_back(*item);
        co_await eddy::sleep(1s);
      }
    } catch (const std::runtime_error& e) {
      text = e.what();
    }
    CHECK(items == std::vector<int>{1, 2});
    CHECK(text == "bad");
    const auto end = co_await source.next();
    CHECK_FALSE(end.has_value());
  });
  CHECK_THROWS_AS(eddy::buffered(0), std::invalid_argument);
}

EDDY_TEST_CASE("buffered reads no further ahead than its size") {
  int made = 0;
  const auto numbers = [](int& counter) -> eddy::AsyncGenerator<int> {
    for (;;) co_yield counter++;
  };
  auto source = numbers(made) | eddy::buffered(3);
  const auto first = co_await source.next();
  CHECK(first == 0);
  co_await eddy::sleep(1s);
  CHECK(made == 5);  // one was given, three are stored, one waits for room
  co_await source.aclose();
}

EDDY_LOOP_TEST_CASE("whenever its consumer is cancelled, a concurrent stream leaves no call behind") {
  for (int turns = 0; turns < 12; ++turns) {
    run_virtual([turns]() -> eddy::Task<> {
      auto source = count(10) | eddy::transform_concurrent(tracked_square, 3);
      auto consumer = eddy::create_task(drain(source));
      for (int i = 0; i < turns; ++i) co_await eddy::yield();
      consumer.cancel();
      co_await eddy::sleep(1ms);
      INFO("cancelled after " << turns << " turns");
      CHECK(consumer.cancelled());
      CHECK(Tracked::alive == 0);
      CHECK(eddy::all_tasks().size() == 1);
    });
  }
}

EDDY_TEST_CASE("an error of a source that no consumer can get any more is reported", "[order]") {
  auto both_fail = eddy::merge(fail_after(1000ms, "first"), fail_after(1000ms, "second"));
  std::string text;
  try {
    (void)co_await both_fail.next();
  } catch (const std::runtime_error& e) {
    text = e.what();
  }
  CHECK(text == "first");
  auto reported = take_reports();
  REQUIRE(reported.size() == 1);
  CHECK(reported[0].find(": second") != std::string::npos);
  {
    auto dropped = eddy::merge(count(2, 100ms), fail_after(200ms, "unread"));
    (void)co_await dropped.next();
    co_await eddy::sleep(1s);
  }
  co_await eddy::sleep(1ms);
  reported = take_reports();
  REQUIRE(reported.size() == 1);
  CHECK(reported[0].find(": unread") != std::string::npos);
}

TEST_CASE("aclose() of a stream cancels what runs for it, and waits for the reading to end") {
  const auto reported = reports_in_debug_mode([]() -> eddy::Task<> {
    const auto slow_to_stop = []() -> eddy::AsyncGenerator<int> {
      co_yield 1;
      co_await eddy::uncancellable(eddy::sleep(5s));
      co_yield 2;
    };
    auto source = slow_to_stop() | eddy::buffered(3);
    (void)co_await source.next();
    const auto start = now();
    co_await source.aclose();
    CHECK(now() - start == 5s);
    CHECK(eddy::all_tasks().size() == 1);
  });
  CHECK(reported.empty());
}

TEST_CASE("debug mode reports a stream with running tasks that is dropped before its end") {
  const auto reported = reports_in_debug_mode([]() -> eddy::Task<> {
    {
      auto source = count(10, 1s) | eddy::buffered(3);
      (void)co_await source.next();
    }
    {
      auto source = count(10, 1s) | eddy::transform_concurrent(slow_square, 3);
      (void)co_await source.next();
    }
    {
      auto to_its_end = count(2) | eddy::buffered(3);
      (void)co_await drain(to_its_end);
      auto not_started = count(2) | eddy::buffered(3);
    }
    // Who is stopped cannot close anything.
    auto stopped = count(10, 1s) | eddy::buffered(3);
    (void)co_await eddy::move_on_after(500ms, drain(stopped));
  });
  REQUIRE(reported.size() == 2);
  for (const std::string& report : reported)
    CHECK(report.find("running tasks was dropped before its end") != std::string::npos);
}

TEST_CASE("take and zip close a source that they do not read to its end") {
  const auto reported = reports_in_debug_mode([]() -> eddy::Task<> {
    std::vector<std::string> log;
    auto some = with_cleanup(log, 5) | eddy::take(2);
    const int sum = co_await drain(some);
    CHECK(sum == 1);
    CHECK(log == std::vector<std::string>{"closed"});
    auto pairs = eddy::zip(count(1), with_cleanup(log, 5));
    while (auto pair = co_await pairs.next()) CHECK(pair->first == pair->second);
    CHECK(log == std::vector<std::string>{"closed", "closed"});
  });
  CHECK(reported.empty());
}

EDDY_TEST_CASE("filter and take pass references on, and transform may change what they refer to") {
  int value = 1;
  const auto twice = [](int& target) -> eddy::AsyncGenerator<int&> {
    co_yield target;
    co_yield target;
  };
  auto ones = twice(value) | eddy::filter([](int x) { return x == 1; }) | eddy::take(1);
  int* first = co_await ones.next();
  CHECK(first == &value);
  auto changed = twice(value) | eddy::transform([](int& x) { return ++x; });
  const auto second = co_await changed.next();
  CHECK(second == 2);
  CHECK(value == 2);
}

EDDY_TEST_CASE(
    "a stream whose reading task is cancelled by somebody throws CancelledError, and does not look complete") {
  const auto cancel_others = [] {
    for (const eddy::TaskRef& task : eddy::all_tasks()) {
      if (!(task == eddy::current_task())) task.cancel();
    }
  };
  const auto how_it_ends = [](eddy::AsyncGenerator<int> source) -> eddy::Task<std::string> {
    try {
      while (auto item = co_await source.next()) continue;
    } catch (const eddy::CancelledError& e) {
      co_return e.what();
    }
    co_return "the end";
  };
  auto buffered = count(100, 1000ms) | eddy::buffered(2);
  (void)co_await buffered.next();
  cancel_others();
  const std::string first = co_await how_it_ends(std::move(buffered));
  CHECK(first == "a task that reads for a stream was cancelled");
  auto concurrent = count(100, 1000ms) | eddy::transform_concurrent(slow_square, 2);
  (void)co_await concurrent.next();
  cancel_others();
  const std::string second = co_await how_it_ends(std::move(concurrent));
  CHECK(second != "the end");
  CHECK(eddy::all_tasks().size() == 1);
}

EDDY_TEST_CASE("after an error of one source a merge asks the others for nothing more, though nobody has read it yet") {
  static int asked = 0;  // a stream that is cut may be read a moment longer than this test lasts
  asked = 0;
  const auto endless = []() -> eddy::AsyncGenerator<int> {
    for (;;) {
      ++asked;
      co_await eddy::sleep(1s);
      co_yield asked;
    }
  };
  auto source = eddy::merge(endless(), fail_after(2500ms, "bad"));
  (void)co_await source.next();
  co_await eddy::sleep(10s);
  CHECK(asked <= 3);
  std::string text;
  try {
    while (auto item = co_await source.next()) CHECK(*item <= 3);
  } catch (const std::runtime_error& e) {
    text = e.what();
  }
  CHECK(text == "bad");
}
