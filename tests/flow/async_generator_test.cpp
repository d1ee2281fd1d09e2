// AsyncGenerator: values in order, ends, errors, cancellation, on_close, and a flat stack.
//
// SPDX-License-Identifier: MIT
#include "support/work.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>

using namespace test;

namespace {

eddy::AsyncGenerator<int> count(int end) {
  const Tracked tracked;
  for (int i = 0; i < end; ++i) {
    co_await eddy::sleep(1s);
    co_yield i;
  }
}

eddy::AsyncGenerator<int> count_at_once(int end) {
  for (int i = 0; i < end; ++i) co_yield i;
}

eddy::AsyncGenerator<int> fail_after(int good) {
  for (int i = 0; i < good; ++i) co_yield i;
  throw std::runtime_error("the generator failed");
}

// The loop may run the cleanups of a generator after the test that was stopped with it: what they log to outlives it.
std::vector<std::string>& lasting_log() {
  static std::vector<std::string> log;
  log.clear();
  return log;
}

eddy::AsyncGenerator<int> with_cleanup(std::vector<std::string>& log, int good) {
  const OnExit locals(log, "locals are destroyed");
  co_await eddy::on_close([&log] { return log_after(log, "first registered", 1s); });
  co_await eddy::on_close([&log] { return log_after(log, "last registered", 1s); });
  for (int i = 0; i < good; ++i) co_yield i;
  if (good < 0) {
    co_yield 0;
    co_await eddy::sleep(1h);
  }
}

template <std::size_t Size>
struct Letters {
  char text[Size];
  friend bool operator==(const Letters&, const Letters&) = default;
};

template <class T>
eddy::AsyncGenerator<T> copy_then_move(T first, T second) {
  const T kept = first;
  co_yield kept;
  co_yield std::move(second);
}

// True if both items come as they were given, and the end as an empty optional.
template <class T>
eddy::Task<bool> hands_over(T first, T second) {
  auto source = copy_then_move<T>(first, second);
  std::optional<T> one = co_await source.next();
  std::optional<T> two = co_await source.next();
  const std::optional<T> end = co_await source.next();
  static_assert(std::is_same_v<eddy::AwaitResult<decltype(source.next())>, std::optional<T>>);
  co_return one.has_value() && *one == first && two == std::optional<T>(second) && end == std::nullopt;
}

eddy::Task<int> drain(eddy::AsyncGenerator<int>& source) {
  int sum = 0;
  while (auto item = co_await source.next()) sum += *item;
  co_return sum;
}

}  // namespace

EDDY_TEST_CASE("items of every size are handed over as they were yielded") {
  const bool small = co_await hands_over<char>('a', '\0') && co_await hands_over<bool>(true, false) &&
                     co_await hands_over<short>(-1, 2) && co_await hands_over<int>(-5, 0) && co_await hands_over<float>(0.5F, -2);
  CHECK(small);
  const bool words = co_await hands_over<long>(-1, 0) && co_await hands_over<double>(0.25, -1) &&
                     co_await hands_over<const char*>("a", nullptr) && co_await hands_over<Letters<8>>({"letters"}, {""});
  CHECK(words);
  const bool odd = co_await hands_over<Letters<3>>({"ab"}, {"cd"}) && co_await hands_over<Letters<12>>({"hello"}, {"world"});
  CHECK(odd);
  const bool large = co_await hands_over<Letters<16>>({"hello"}, {"world"}) && co_await hands_over<Letters<40>>({"hello"}, {"world"});
  CHECK(large);
  const bool owning = co_await hands_over<std::string>("hello", "a text that is too long to be kept in the string itself");
  CHECK(owning);
}

EDDY_TEST_CASE("a generator yields its values in order and then the end, ever after", "[c304]") {
  auto source = count(3);
  const auto start = now();
  std::vector<int> seen;
  while (auto item = co_await source.next()) seen.push_back(*item);
  CHECK(seen == std::vector<int>{0, 1, 2});
  CHECK(now() - start == 3s);
  const auto again = co_await source.next();
  CHECK_FALSE(again.has_value());
}

EDDY_TEST_CASE("nothing of a generator's body runs before the first next()") {
  {
    auto source = count(3);
    co_await eddy::yield();
    CHECK(Tracked::alive == 0);
  }
  CHECK(Tracked::alive == 0);
}

EDDY_TEST_CASE("leaving a generator half-way destroys its locals once", "[c299]") {
  {
    auto source = count(3);
    const auto first = co_await source.next();
    CHECK(first == 0);
    CHECK(Tracked::alive == 1);
  }
  CHECK(Tracked::alive == 0);
}

EDDY_TEST_CASE("an exception before or after a yield reaches the consumer at its next(), then comes the end",
               "[c300]") {
  for (int good : {0, 2}) {
    auto source = fail_after(good);
    for (int i = 0; i < good; ++i) {
      const auto item = co_await source.next();
      CHECK(item == i);
    }
    std::string text;
    try {
      (void)co_await source.next();
    } catch (const std::runtime_error& e) {
      text = e.what();
    }
    CHECK(text == "the generator failed");
    const auto end = co_await source.next();
    CHECK_FALSE(end.has_value());
  }
}

EDDY_LOOP_TEST_CASE("a million values that come at once are taken on a flat stack", "[c301][deep]") {
  const int sum = run_virtual([]() -> eddy::Task<int> {
    auto source = count_at_once(1'000'000);
    int total = 0;
    while (auto item = co_await source.next()) total += *item % 2;
    co_return total;
  });
  CHECK(sum == 500'000);
}

EDDY_LOOP_TEST_CASE("a million nested generators pass an item up and end, or are cut, on a flat stack", "[c301][deep]") {
  struct Nested {
    static eddy::AsyncGenerator<int> down(int depth, bool waits) {
      const Tracked tracked;
      if (depth == 0) {
        if (waits) co_await eddy::sleep(1h);
        co_yield 1;
      } else {
        auto inner = down(depth - 1, waits);
        while (auto item = co_await inner.next()) co_yield *item + 1;
      }
    }
    static eddy::Task<> cut(eddy::AsyncGenerator<int> source) { (void)co_await source.next(); }
  };
  run_virtual([]() -> eddy::Task<> {
    auto source = Nested::down(1'000'000, false);
    const auto item = co_await source.next();
    CHECK(item == 1'000'001);
    CHECK(Tracked::alive == 1'000'001);
    const auto end = co_await source.next();
    CHECK_FALSE(end.has_value());
    CHECK(Tracked::alive == 0);
    auto task = eddy::create_task(Nested::cut(Nested::down(1'000'000, true)));
    co_await eddy::yield();
    CHECK(Tracked::alive == 1'000'001);
    task.cancel();
    co_await eddy::yield();
    CHECK(task.cancelled());
    CHECK(Tracked::alive == 0);
  });
}

EDDY_TEST_CASE("a generator yields references as pointers, move-only values, and copies of what its body keeps",
               "[c302]") {
  int value = 1;
  const auto references = [](int& target) -> eddy::AsyncGenerator<int&> { co_yield target; };
  auto by_reference = references(value);
  int* seen = co_await by_reference.next();
  REQUIRE(seen == &value);

  const auto owners = []() -> eddy::AsyncGenerator<std::unique_ptr<int>> { co_yield std::make_unique<int>(7); };
  auto by_owner = owners();
  const auto owner = co_await by_owner.next();
  CHECK(**owner == 7);

  const auto texts = []() -> eddy::AsyncGenerator<std::string> {
    std::string kept = "a text that is too long for the small buffer of a string";
    co_yield kept;
    co_yield kept + "!";
  };
  auto by_copy = texts();
  const auto first = co_await by_copy.next();
  const auto second = co_await by_copy.next();
  CHECK(*second == *first + "!");
}

EDDY_TEST_CASE(
    "a generator that is cut by a cancel in next() is unwound, and its next() throws CancelledError from then on",
    "[c304]") {
  auto source = count(3);
  auto consumer = eddy::create_task(drain(source));
  co_await eddy::sleep(1500ms);
  CHECK(Tracked::alive == 1);
  consumer.cancel();
  co_await test::settle();
  CHECK(consumer.cancelled());
  CHECK(Tracked::alive == 0);
  int thrown = 0;
  for (int i = 0; i < 2; ++i) {
    try {
      (void)co_await source.next();
    } catch (const eddy::CancelledError&) {
      ++thrown;
    }
  }
  CHECK(thrown == 2);
}

EDDY_TEST_CASE("a second task in next() gets BusyResourceError and the first goes on", "[c306]") {
  auto source = count(2);
  auto first = eddy::create_task(drain(source), {.name = "first"});
  co_await test::settle();
  std::string busy;
  try {
    (void)co_await source.next();
  } catch (const eddy::BusyResourceError& error) {
    busy = error.what();
  }
  CHECK(busy.find("eddy: task first, which ") == 0);
  CHECK(busy.find(", is in this generator's next(); one at a time may be") != std::string::npos);
  const int sum = co_await first;
  CHECK(sum == 1);
}

EDDY_TEST_CASE("a generator whose cleanups run before the end is given is still in next() for every other task") {
  std::vector<std::string>& log = lasting_log();
  auto source = with_cleanup(log, 1);
  auto first = eddy::create_task(drain(source));
  co_await test::settle();
  CHECK(log.size() == 1);
  int busy = 0;
  try {
    (void)co_await source.next();
  } catch (const eddy::BusyResourceError&) {
    ++busy;
  }
  try {
    co_await source.aclose();
  } catch (const eddy::BusyResourceError&) {
    ++busy;
  }
  CHECK(busy == 2);
  const int sum = co_await first;
  CHECK(sum == 0);
  CHECK(log == std::vector<std::string>{"locals are destroyed", "last registered", "first registered"});
  const auto end = co_await source.next();
  CHECK_FALSE(end.has_value());
}

EDDY_TEST_CASE("on_close runs its cleanups before the end is given, the last registered first, after the locals' scope",
               "[c305]") {
  std::vector<std::string>& log = lasting_log();
  auto source = with_cleanup(log, 1);
  const int sum = co_await drain(source);
  CHECK(sum == 0);
  CHECK(log == std::vector<std::string>{"locals are destroyed", "last registered", "first registered"});
}

EDDY_TEST_CASE(
    "aclose() destroys the frame, awaits the cleanups although a cancel is in force, and next() then gives the end",
    "[c305]") {
  std::vector<std::string>& log = lasting_log();
  auto source = with_cleanup(log, 2);
  const auto first = co_await source.next();
  CHECK(first == 0);
  const auto close = [&source]() -> eddy::Task<> { co_await source.aclose(); };
  auto closer = eddy::create_task(close());
  co_await eddy::sleep(500ms);
  closer.cancel();
  co_await eddy::sleep(2s);
  CHECK(closer.done());
  CHECK(log == std::vector<std::string>{"locals are destroyed", "last registered", "first registered"});
  const auto end = co_await source.next();
  CHECK_FALSE(end.has_value());
  co_await source.aclose();
  CHECK(log.size() == 3);
}

EDDY_LOOP_TEST_CASE("a started generator that is dropped has its cleanups run by the loop, and run waits for them",
                    "[c305][c307]") {
  std::vector<std::string>& log = lasting_log();
  run_virtual([&log]() -> eddy::Task<> {
    auto source = with_cleanup(log, 2);
    (void)co_await source.next();
  });
  CHECK(log == std::vector<std::string>{"locals are destroyed", "last registered", "first registered"});
}

EDDY_TEST_CASE("a generator that is stopped inside next() has its cleanups run by the loop") {
  std::vector<std::string>& log = lasting_log();
  auto source = with_cleanup(log, -1);
  auto consumer = eddy::create_task(drain(source));
  co_await eddy::sleep(1s);
  consumer.cancel();
  co_await eddy::sleep(3s);
  CHECK(log == std::vector<std::string>{"locals are destroyed", "last registered", "first registered"});
}

EDDY_TEST_CASE("the error of a cleanup is thrown with the body's error nested into it") {
  const auto broken = []() -> eddy::AsyncGenerator<int> {
    co_await eddy::on_close([]() -> eddy::Task<> {
      co_await eddy::yield();
      throw std::logic_error("the cleanup failed");
    });
    co_yield 1;
    throw std::runtime_error("the body failed");
  };
  auto source = broken();
  (void)co_await source.next();
  std::string outer;
  std::string inner;
  try {
    (void)co_await source.next();
  } catch (const std::logic_error& e) {
    outer = e.what();
    try {
      std::rethrow_if_nested(e);
    } catch (const std::runtime_error& nested) {
      inner = nested.what();
    }
  }
  CHECK(outer == "the cleanup failed");
  CHECK(inner == "the body failed");
}

EDDY_TEST_CASE("a timeout around next() cuts the generator", "[c189]") {
  auto slow = count(2);
  const auto item = co_await eddy::move_on_after(500ms, slow.next());
  CHECK_FALSE(item.has_value());
  bool cut = false;
  try {
    (void)co_await slow.next();
  } catch (const eddy::CancelledError&) {
    cut = true;
  }
  CHECK(cut);
}

EDDY_TEST_CASE("a generator yields const objects and const references", "[c302]") {
  const std::string kept = "a text that is too long for the small buffer of a string";
  const auto copies = [](const std::string& text) -> eddy::AsyncGenerator<std::string> {
    const std::string local = text + "!";
    co_yield local;
    co_yield text;
  };
  auto by_copy = copies(kept);
  const auto first = co_await by_copy.next();
  const auto second = co_await by_copy.next();
  CHECK(*first == kept + "!");
  CHECK(*second == kept);
  const auto references = [](const std::string& text) -> eddy::AsyncGenerator<const std::string&> { co_yield text; };
  auto by_reference = references(kept);
  const std::string* seen = co_await by_reference.next();
  CHECK(seen == &kept);
}

EDDY_LOOP_TEST_CASE("the end of run closes the generators of what is left, and waits for their cleanups",
                    "[c307][order]") {
  std::vector<std::string> log;
  const auto hold = [&log](std::string name, std::chrono::seconds cleanup) -> eddy::Task<> {
    const auto numbers = [](std::vector<std::string>& to, std::string who,
                            std::chrono::seconds time) -> eddy::AsyncGenerator<int> {
      const auto close = [&to, who, time] { return log_after(to, who + " closed", time); };
      co_await eddy::on_close(close);
      const OnExit locals(to, who + " left");
      for (int i = 0;; ++i) co_yield i;
    };
    auto source = numbers(log, name, cleanup);
    (void)co_await source.next();
    co_await eddy::sleep(24h);
  };
  const auto fails_at_the_end = [&log]() -> eddy::Task<> {
    const auto cleanup = []() -> eddy::Task<> {
      co_await eddy::sleep(1s);
      throw std::runtime_error("a leftover failed");
    };
    const OnExit exit(log, "failing left");
    co_await eddy::try_finally(eddy::sleep(24h), cleanup());
  };
  std::vector<std::string> reported;
  run_virtual([&]() -> eddy::Task<> {
    (void)eddy::create_task(hold("first", 3s));
    (void)eddy::create_task(fails_at_the_end());
    (void)eddy::create_task(hold("second", 2s));
    co_await eddy::yield();
    eddy::get_running_loop().set_exception_handler([&reported](const eddy::ExceptionContext& context) {
      reported.push_back(eddy::detail::describe_exception(context.exception));
    });
  });
  CHECK(log == std::vector<std::string>{"first left", "second left", "failing left", "second closed", "first closed"});
  CHECK(reported == std::vector<std::string>{"a leftover failed"});
}

TEST_CASE(
    "debug mode reports a generator with on_close that is dropped before its end, not one that is cut or closed") {
  eddy::testing::VirtualClock clock;
  eddy::RunOptions options;
  options.clock = &clock;
  options.debug = true;
  options.on_exception = &test::record_report;
  std::vector<std::string> log;
  const auto body = [&log]() -> eddy::Task<> {
    {
      auto dropped = with_cleanup(log, 2);
      (void)co_await dropped.next();
    }
    CHECK(eddy::testing::detail::reports().lines.size() == 1);
    auto closed = with_cleanup(log, 2);
    (void)co_await closed.next();
    co_await closed.aclose();
    auto ended = with_cleanup(log, 2);
    (void)co_await drain(ended);
    auto cut = with_cleanup(log, -1);
    (void)co_await eddy::move_on_after(1s, drain(cut));
    const auto holds = [&log]() -> eddy::Task<> {
      auto source = with_cleanup(log, 2);
      (void)co_await source.next();
      co_await eddy::sleep(24h);
    };
    auto holder = eddy::create_task(holds());
    co_await eddy::sleep(1s);
    holder.cancel();
    co_await eddy::sleep(3s);
    const auto not_started = with_cleanup(log, 2);
  };
  eddy::run(body(), options);
  const auto reported = take_reports();
  REQUIRE(reported.size() == 1);
  CHECK(reported[0].find("was dropped before its end; close it with aclose()") != std::string::npos);
  CHECK(log.size() == 15);
}

EDDY_TEST_CASE("a consumer that is to stop waits for the cleanups of the generator that it brings to its end", "[c305]") {
  std::vector<std::string>& log = lasting_log();
  const auto consume = [](std::vector<std::string>& target) -> eddy::Task<> {
    auto source = with_cleanup(target, 1);
    (void)co_await source.next();
    eddy::current_task().cancel();
    (void)co_await source.next();
    target.push_back("the end is given");
    co_await eddy::yield();
    target.push_back("not stopped");
  };
  auto consumer = eddy::create_task(consume(log));
  co_await eddy::sleep(3s);
  CHECK(consumer.cancelled());
  CHECK(log == std::vector<std::string>{"locals are destroyed", "last registered", "first registered",
                                        "the end is given"});
}

EDDY_TEST_CASE("a generator that another one is assigned to is closed first, and one that is assigned to itself goes on") {
  int closed = 0;
  struct Counts {
    explicit Counts(int& c) : count(c) {}
    Counts(const Counts&) = delete;
    Counts& operator=(const Counts&) = delete;
    ~Counts() { ++count; }
    int& count;
  };
  const auto numbers = [](int& count, int first) -> eddy::AsyncGenerator<int> {
    const Counts at_end(count);
    for (int i = first;; ++i) co_yield i;
  };
  auto source = numbers(closed, 1);
  const auto one = co_await source.next();
  CHECK(one == 1);
  eddy::AsyncGenerator<int>& same = source;
  source = std::move(same);
  const auto two = co_await source.next();
  CHECK(two == 2);
  CHECK(closed == 0);
  source = numbers(closed, 10);
  CHECK(closed == 1);
  const auto ten = co_await source.next();
  CHECK(ten == 10);
}

EDDY_TEST_CASE("a generator cannot be closed while a task is in its next()", "[c306]") {
  auto source = count(2);
  auto reader = eddy::create_task(drain(source), {.name = "reader"});
  co_await test::settle();
  std::string busy;
  try {
    co_await source.aclose();
  } catch (const eddy::BusyResourceError& error) {
    busy = error.what();
  }
  CHECK(busy.find("eddy: a generator cannot be closed while a task is in its next(): task reader, which ") == 0);
  co_await reader;
}

EDDY_TEST_CASE("if several cleanups of a generator fail, the error of the first to run is thrown") {
  const auto broken = []() -> eddy::AsyncGenerator<int> {
    for (const char* text : {"ran last", "ran first"}) {
      co_await eddy::on_close([text]() -> eddy::Task<> {
        co_await eddy::yield();
        throw std::logic_error(text);
      });
    }
    co_yield 1;
  };
  auto source = broken();
  (void)co_await source.next();
  std::string error;
  try {
    (void)co_await source.next();
  } catch (const std::logic_error& e) {
    error = e.what();
  }
  CHECK(error == "ran first");
}

EDDY_TEST_CASE("a generator that was cut short can be closed, which runs nothing again", "[c305]") {
  std::vector<std::string>& log = lasting_log();
  auto source = with_cleanup(log, -1);
  auto consumer = eddy::create_task(drain(source));
  co_await eddy::sleep(1s);
  consumer.cancel();
  co_await eddy::sleep(3s);
  CHECK(log.size() == 3);
  co_await source.aclose();
  CHECK(log.size() == 3);
}

TEST_CASE("a generator that outlives its loop is destroyed, without its cleanups") {
  std::vector<std::string> log;
  eddy::AsyncGenerator<int> kept;
  eddy::testing::VirtualClock clock;
  eddy::RunOptions options;
  options.clock = &clock;
  const auto body = [&]() -> eddy::Task<> {
    kept = with_cleanup(log, 2);
    (void)co_await kept.next();
  };
  eddy::run(body(), options);
  CHECK(log.empty());
  kept = eddy::AsyncGenerator<int>();
  CHECK(log == std::vector<std::string>{"locals are destroyed"});
}

EDDY_LOOP_TEST_CASE("a generator's cleanups run, or next() says that there was no memory for them") {
  const auto numbers = [](bool& cleaned) -> eddy::AsyncGenerator<int> {
    co_await eddy::on_close([&cleaned]() -> eddy::Task<> {
      cleaned = true;
      co_return;
    });
    co_yield 1;
  };
  const auto body = [&]() -> eddy::Task<> {
    bool cleaned = false;
    bool told = false;
    auto source = numbers(cleaned);
    try {
      while (auto item = co_await source.next()) CHECK(*item == 1);
    } catch (const std::bad_alloc&) {
      told = true;
    }
    CHECK(cleaned != told);
  };
  CHECK(eddy::testing::for_each_allocation(body) > 3);
}

EDDY_TEST_CASE("a cleanup that the loop runs, since its generator was dropped, belongs to no task", "[c305]") {
  static int belongs = -1;  // the loop may run the cleanup after this test, if that is stopped
  belongs = -1;
  const auto numbers = []() -> eddy::AsyncGenerator<int> {
    co_await eddy::on_close([]() -> eddy::Task<> {
      co_await eddy::sleep(1s);
      belongs = eddy::current_task() ? 1 : 0;
    });
    co_yield 1;
  };
  {
    auto dropped = numbers();
    (void)co_await dropped.next();
  }
  co_await eddy::sleep(2s);
  CHECK(belongs == 0);
}
