// staggered_race: when attempts start, who wins, which errors are kept, and what becomes of the losers.
//
// SPDX-License-Identifier: MIT
#include "support/work.hpp"

#include <array>
#include <memory>
#include <optional>

using namespace test;

namespace {

using Nanoseconds = std::chrono::nanoseconds;

// What happened, with the time since the test's start in milliseconds.
struct Diary {
  eddy::TimePoint start = now();
  std::vector<std::string> lines;
  void note(const std::string& what) {
    const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(now() - start);
    lines.push_back(what + "@" + std::to_string(passed.count()));
  }
};

enum class How { succeeds, fails, fails_when_stopped, slow_to_stop, ignores_stop };

eddy::Task<int> attempt(Diary& diary, int id, Nanoseconds delay, How how) {
  struct Leaves {
    Leaves(Diary& d, int i) : log(d), number(i) { log.note("start " + std::to_string(number)); }
    Leaves(const Leaves&) = delete;
    ~Leaves() {
      const eddy::testing::AllocationsSucceed pause;
      log.note("end " + std::to_string(number));
    }
    Diary& log;
    int number;
  };
  const Leaves leaves(diary, id);
  switch (how) {
    case How::fails_when_stopped:
      co_await eddy::try_finally(nap(delay), throw_error("cleanup " + std::to_string(id)));
      break;
    case How::slow_to_stop:
      co_await eddy::try_finally(nap(delay), nap(3s));
      break;
    case How::ignores_stop:
      co_await eddy::uncancellable(nap(delay));
      break;
    default:
      co_await eddy::sleep(delay);
  }
  if (how == How::fails) throw std::runtime_error("attempt " + std::to_string(id));
  co_return id;
}

// An attempt as a function object, so that a vector can hold several.
struct Attempt {
  Attempt(Diary& d, int i, Nanoseconds takes, How h) : diary(&d), id(i), delay(takes), how(h) {}
  eddy::Task<int> operator()() const { return attempt(*diary, id, delay, how); }
  Diary* diary;
  int id;
  Nanoseconds delay;
  How how;
};

using Lines = std::vector<std::string>;

std::string text_of(const std::exception_ptr& error) { return eddy::detail::describe_exception(error); }

}  // namespace

EDDY_TEST_CASE("staggered_race starts one attempt after another, a delay apart, until one succeeds", "[order]") {
  Diary diary;
  std::vector<Attempt> attempts{{diary, 0, 1h, How::succeeds},
                                {diary, 1, 1h, How::succeeds},
                                {diary, 2, 1s, How::succeeds},
                                {diary, 3, 1s, How::succeeds}};
  const auto result = co_await eddy::staggered_race(std::move(attempts), 2s);
  static_assert(std::is_same_v<decltype(result), const eddy::StaggeredResult<int>>);
  REQUIRE(result.value);
  CHECK(*result.value == 2);
  REQUIRE(result.index);
  CHECK(*result.index == 2);
  const Lines expected{"start 0@0", "start 1@2000", "start 2@4000", "end 2@5000", "end 0@5000", "end 1@5000"};
  CHECK(diary.lines == expected);
  REQUIRE(result.errors.size() == 3);
  for (const auto& error : result.errors) CHECK_FALSE(error);
  CHECK(eddy::all_tasks().size() == 1);
}

EDDY_TEST_CASE("an attempt that succeeds before the delay has passed is the only one that starts") {
  Diary diary;
  std::vector<Attempt> attempts{{diary, 0, 1s, How::succeeds}, {diary, 1, 1s, How::succeeds}};
  const auto result = co_await eddy::staggered_race(std::move(attempts), 2s);
  REQUIRE(result.index);
  CHECK(*result.index == 0);
  const Lines expected{"start 0@0", "end 0@1000"};
  CHECK(diary.lines == expected);
  CHECK(result.errors.size() == 1);
}

EDDY_TEST_CASE("an earlier attempt may still win after a later one was started") {
  Diary diary;
  std::vector<Attempt> attempts{{diary, 0, 3s, How::succeeds}, {diary, 1, 1h, How::succeeds}};
  const auto result = co_await eddy::staggered_race(std::move(attempts), 2s);
  REQUIRE(result.value);
  CHECK(*result.value == 0);
  const Lines expected{"start 0@0", "start 1@2000", "end 0@3000", "end 1@3000"};
  CHECK(diary.lines == expected);
}

EDDY_TEST_CASE("a failure starts the next attempt at once, without waiting for the delay", "[c120]") {
  Diary diary;
  std::vector<Attempt> attempts{{diary, 0, 1s, How::fails}, {diary, 1, 1s, How::fails}, {diary, 2, 1s, How::succeeds}};
  const auto result = co_await eddy::staggered_race(std::move(attempts), 10s);
  REQUIRE(result.index);
  CHECK(*result.index == 2);
  const Lines expected{"start 0@0", "end 0@1000", "start 1@1000", "end 1@2000", "start 2@2000", "end 2@3000"};
  CHECK(diary.lines == expected);
  REQUIRE(result.errors.size() == 3);
  CHECK(text_of(result.errors[0]) == "attempt 0");
  CHECK(text_of(result.errors[1]) == "attempt 1");
  CHECK_FALSE(result.errors[2]);
}

EDDY_TEST_CASE("after a failure the delay counts from the start of the next attempt", "[c120]") {
  Diary diary;
  std::vector<Attempt> attempts{
      {diary, 0, 1s, How::fails}, {diary, 1, 1h, How::succeeds}, {diary, 2, 1s, How::succeeds}};
  const auto result = co_await eddy::staggered_race(std::move(attempts), 10s);
  CHECK(result.index);
  const Lines expected{"start 0@0", "end 0@1000", "start 1@1000", "start 2@11000", "end 2@12000", "end 1@12000"};
  CHECK(diary.lines == expected);
}

EDDY_TEST_CASE("the failure of an earlier attempt does not hurry the next one while the latest still runs", "[c120]") {
  Diary diary;
  std::vector<Attempt> attempts{
      {diary, 0, 11s, How::fails}, {diary, 1, 1h, How::succeeds}, {diary, 2, 1s, How::succeeds}};
  const auto result = co_await eddy::staggered_race(std::move(attempts), 10s);
  REQUIRE(result.index);
  CHECK(*result.index == 2);
  const Lines expected{"start 0@0", "start 1@10000", "end 0@11000", "start 2@20000", "end 2@21000", "end 1@21000"};
  CHECK(diary.lines == expected);
}

EDDY_TEST_CASE("without a delay the next attempt starts only after a failure", "[c120]") {
  Diary diary;
  std::vector<Attempt> attempts{
      {diary, 0, 1h, How::fails}, {diary, 1, 2h, How::succeeds}, {diary, 2, 1h, How::succeeds}};
  const auto result = co_await eddy::staggered_race(std::move(attempts), std::nullopt);
  REQUIRE(result.index);
  CHECK(*result.index == 1);
  const Lines expected{"start 0@0", "end 0@3600000", "start 1@3600000", "end 1@10800000"};
  CHECK(diary.lines == expected);
}

EDDY_TEST_CASE("without a delay, attempts that end before their first suspension run one after another", "[c54]") {
  std::vector<int> ran;
  struct AtOnce {
    AtOnce(std::vector<int>& list, int i) : log(&list), id(i) {}
    static eddy::Task<int> run_it(std::vector<int>& log, int id) {
      log.push_back(id);
      if (id < 2) throw std::runtime_error("no");
      co_return id;
    }
    eddy::Task<int> operator()() const { return run_it(*log, id); }
    std::vector<int>* log;
    int id;
  };
  std::vector<AtOnce> attempts;
  for (int i = 0; i < 5; ++i) attempts.emplace_back(ran, i);
  const auto start = now();
  const auto result = co_await eddy::staggered_race(std::move(attempts), std::nullopt);
  REQUIRE(result.value);
  CHECK(*result.value == 2);
  const std::vector<int> expected{0, 1, 2};
  CHECK(ran == expected);
  CHECK(now() == start);
  REQUIRE(result.errors.size() == 3);
  CHECK(text_of(result.errors[1]) == "no");
}

EDDY_TEST_CASE("with a delay of zero all attempts start at the same time, in order", "[order]") {
  Diary diary;
  std::vector<Attempt> attempts{
      {diary, 0, 3s, How::succeeds}, {diary, 1, 1s, How::succeeds}, {diary, 2, 2s, How::succeeds}};
  const auto result = co_await eddy::staggered_race(std::move(attempts), 0s);
  REQUIRE(result.index);
  CHECK(*result.index == 1);
  const Lines expected{"start 0@0", "start 1@0", "start 2@0", "end 1@1000", "end 0@1000", "end 2@1000"};
  CHECK(diary.lines == expected);
}

EDDY_TEST_CASE("when every attempt fails there is no value, no index, and an error for each position") {
  Diary diary;
  std::vector<Attempt> attempts{{diary, 0, 5s, How::fails}, {diary, 1, 1s, How::fails}};
  const auto result = co_await eddy::staggered_race(std::move(attempts), 2s);
  CHECK_FALSE(result.value);
  CHECK_FALSE(result.index);
  REQUIRE(result.errors.size() == 2);
  CHECK(text_of(result.errors[0]) == "attempt 0");
  CHECK(text_of(result.errors[1]) == "attempt 1");
}

EDDY_TEST_CASE("a staggered race without attempts gives an empty result") {
  const auto start = now();
  const auto result = co_await eddy::staggered_race(std::vector<Attempt>(), 2s);
  CHECK_FALSE(result.value);
  CHECK_FALSE(result.index);
  CHECK(result.errors.empty());
  CHECK(now() == start);
}

EDDY_TEST_CASE("the losers of a staggered race have ended, cleanup included, before it gives the winner") {
  Diary diary;
  std::vector<Attempt> attempts{{diary, 0, 1h, How::slow_to_stop}, {diary, 1, 1s, How::succeeds}};
  const auto result = co_await eddy::staggered_race(std::move(attempts), 1s);
  REQUIRE(result.value);
  CHECK(*result.value == 1);
  CHECK(now() - diary.start == 5s);
  CHECK(diary.lines.back() == "end 0@5000");
}

EDDY_TEST_CASE("the error of a loser that fails while it is cancelled is not lost", "[c112]") {
  Diary diary;
  std::vector<Attempt> attempts{{diary, 0, 1h, How::fails_when_stopped}, {diary, 1, 1s, How::succeeds}};
  const auto result = co_await eddy::staggered_race(std::move(attempts), 1s);
  REQUIRE(result.value);
  CHECK(*result.value == 1);
  REQUIRE(result.errors.size() == 2);
  // As in race it is reported, or, as in asyncio, it stands among the errors.
  std::vector<std::string> seen = take_reports();
  if (result.errors[0]) seen.push_back(text_of(result.errors[0]));
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].find("cleanup 0") != std::string::npos);
}

EDDY_TEST_CASE("a cancelled staggered race cancels all attempts and waits for them", "[c119]") {
  Diary diary;
  auto parent = [&]() -> eddy::Task<> {
    std::vector<Attempt> attempts{
        {diary, 0, 1h, How::succeeds}, {diary, 1, 1h, How::slow_to_stop}, {diary, 2, 1h, How::succeeds}};
    (void)co_await eddy::staggered_race(std::move(attempts), 2s);
    diary.note("not reached");
  };
  auto handle = eddy::create_task(parent());
  co_await eddy::sleep(3s);
  handle.cancel("enough");
  const std::string how = co_await ending(handle);
  CHECK(how == "CancelledError enough");
  const Lines expected{"start 0@0", "start 1@2000", "end 0@3000", "end 1@6000"};
  CHECK(diary.lines == expected);
  CHECK(eddy::all_tasks().size() == 1);
}

EDDY_TEST_CASE("an attempt that succeeds in spite of the caller's cancel wins; the cancel stays in force", "[c119]") {
  Diary diary;
  int got = -1;
  bool reached = false;
  auto parent = [&]() -> eddy::Task<> {
    std::vector<Attempt> attempts{{diary, 0, 1h, How::succeeds}, {diary, 1, 4s, How::ignores_stop}};
    const auto result = co_await eddy::staggered_race(std::move(attempts), 1s);
    got = result.value.value_or(-2);
    co_await eddy::yield();
    reached = true;
  };
  auto handle = eddy::create_task(parent());
  co_await eddy::sleep(2s);
  handle.cancel();
  const std::string how = co_await ending(handle);
  CHECK(how == "CancelledError ");
  CHECK(now() - diary.start == 5s);
  CHECK(got == 1);
  CHECK_FALSE(reached);
}

EDDY_TEST_CASE("an expired timeout around a staggered race stops its attempts and waits for them", "[c119]") {
  Diary diary;
  std::vector<Attempt> attempts{{diary, 0, 1h, How::slow_to_stop}, {diary, 1, 1h, How::succeeds}};
  const std::string how = co_await ending(eddy::timeout(3s, eddy::staggered_race(std::move(attempts), 2s)));
  CHECK(how.find("timed out") == 0);
  CHECK(now() - diary.start == 6s);
}

EDDY_TEST_CASE("staggered_race with a cancel in force starts no attempt") {
  Diary diary;
  auto parent = [&]() -> eddy::Task<> {
    eddy::current_task().cancel();
    std::vector<Attempt> attempts{{diary, 0, 1s, How::succeeds}};
    (void)co_await eddy::staggered_race(std::move(attempts), 2s);
    diary.note("not reached");
  };
  const std::string how = co_await ending(eddy::create_task(parent()));
  CHECK(how == "CancelledError ");
  CHECK(diary.lines.empty());
}

EDDY_TEST_CASE("an attempt that awaits something that was cancelled has failed, and the next one starts") {
  auto victim = eddy::create_task(nap(1h));
  eddy::get_running_loop().call_later(1s, [&] { victim.cancel("gone"); });
  struct Awaits {
    explicit Awaits(eddy::TaskHandle<> h) : handle(std::move(h)) {}
    static eddy::Task<int> run_it(eddy::TaskHandle<> handle) {
      if (!handle.done()) co_await handle;
      co_return 7;
    }
    eddy::Task<int> operator()() const { return run_it(handle); }
    eddy::TaskHandle<> handle;
  };
  std::vector<Awaits> attempts;
  attempts.emplace_back(victim);
  attempts.emplace_back(victim);
  const auto result = co_await eddy::staggered_race(std::move(attempts), std::nullopt);
  REQUIRE(result.index);
  CHECK(*result.index == 1);
  CHECK(text_of(result.errors[0]) == "gone");
}

EDDY_TEST_CASE("an attempt that somebody cancels has failed, and the next one starts") {
  eddy::TaskRef victim;
  struct Exposed {
    Exposed(eddy::TaskRef& r, bool f) : ref(&r), first(f) {}
    static eddy::Task<int> run_it(eddy::TaskRef& ref, bool first) {
      if (first) {
        ref = eddy::current_task();
        co_await eddy::sleep(1h);
      }
      co_return 7;
    }
    eddy::Task<int> operator()() const { return run_it(*ref, first); }
    eddy::TaskRef* ref;
    bool first;
  };
  std::vector<Exposed> attempts;
  attempts.emplace_back(victim, true);
  attempts.emplace_back(victim, false);
  eddy::get_running_loop().call_later(1s, [&] { victim.cancel("not you"); });
  auto contest = [&]() -> eddy::Task<std::string> {
    const auto result = co_await eddy::staggered_race(std::move(attempts), std::nullopt);
    co_return std::to_string(result.value.value_or(0)) + " after: " + text_of(result.errors.at(0));
  };
  std::string how;
  try {
    how = co_await contest();
  } catch (const std::exception& error) {
    how = std::string("threw ") + error.what();
  }
  CHECK(how == "7 after: not you");
}

EDDY_TEST_CASE("an attempt whose function throws before it makes a task has failed") {
  struct Throws {
    explicit Throws(bool f) : first(f) {}
    static eddy::Task<int> seven() { co_return 7; }
    eddy::Task<int> operator()() const {
      if (first) throw std::runtime_error("no task");
      return seven();
    }
    bool first;
  };
  std::vector<Throws> attempts;
  attempts.emplace_back(true);
  attempts.emplace_back(false);
  const auto result = co_await eddy::staggered_race(std::move(attempts), 10s);
  REQUIRE(result.value);
  CHECK(*result.value == 7);
  CHECK(text_of(result.errors[0]) == "no task");
}

EDDY_TEST_CASE("staggered_race gives a move-only value, and takes plain functions") {
  struct Boxes {
    static eddy::Task<std::unique_ptr<int>> slow() {
      co_await eddy::sleep(1h);
      co_return nullptr;
    }
    static eddy::Task<std::unique_ptr<int>> fast() {
      co_await eddy::sleep(1s);
      co_return std::make_unique<int>(5);
    }
  };
  std::vector<eddy::Task<std::unique_ptr<int>> (*)()> attempts;
  attempts.push_back(&Boxes::slow);
  attempts.push_back(&Boxes::fast);
  auto result = co_await eddy::staggered_race(std::move(attempts), 2s);
  REQUIRE(result.value);
  REQUIRE(*result.value);
  CHECK(**result.value == 5);
}

EDDY_TEST_CASE("when two attempts succeed at the same moment the earlier one wins", "[order]") {
  Diary diary;
  std::vector<Attempt> attempts{{diary, 0, 2s, How::succeeds}, {diary, 1, 1s, How::succeeds}};
  const auto result = co_await eddy::staggered_race(std::move(attempts), 1s);
  REQUIRE(result.index);
  CHECK(*result.index == 0);
  CHECK(now() - diary.start == 2s);
}

EDDY_TEST_CASE("the losers' stop does not touch the caller") {
  Diary diary;
  std::vector<Attempt> attempts{{diary, 0, 1h, How::succeeds}, {diary, 1, 1s, How::succeeds}};
  (void)co_await eddy::staggered_race(std::move(attempts), 1s);
  CHECK(eddy::current_task().cancelling() == 0);
  co_await eddy::sleep(1s);
  CHECK(now() - diary.start == 3s);
}

EDDY_TEST_CASE("staggered_race copies a range that is an lvalue, so it can be raced again") {
  Diary diary;
  const std::array<Attempt, 2> attempts{Attempt{diary, 0, 1s, How::succeeds}, Attempt{diary, 1, 1s, How::succeeds}};
  for (int round = 0; round < 2; ++round) {
    const auto result = co_await eddy::staggered_race(attempts, 2s);
    REQUIRE(result.index);
    CHECK(*result.index == 0);
  }
}

EDDY_TEST_CASE("an attempt that is about to start when another succeeds starts nobody behind it, in whichever turn that is",
               "[order]") {
  for (int turns = 0; turns < 10; ++turns) {
    using Function = eddy::Task<int> (*)(int);
    struct Call {
      eddy::Task<int> operator()() const { return function(argument); }
      Function function;
      int argument;
    };
    static int started = 0;
    started = 0;
    const Function succeeds = [](int more) -> eddy::Task<int> {
      co_await eddy::sleep(1s);
      for (int i = 0; i < more; ++i) co_await eddy::yield();
      co_return 7;
    };
    const Function fails = [](int) -> eddy::Task<int> {
      co_await eddy::sleep(400ms);  // started after 600 ms
      throw std::runtime_error("no");
    };
    const Function waits = [](int) -> eddy::Task<int> {
      ++started;
      co_await eddy::sleep(1h);
      co_return 0;
    };
    const std::vector<Call> attempts{{succeeds, turns}, {fails, 0}, {waits, 0}, {waits, 0}};
    const auto result = co_await eddy::staggered_race(attempts, 600ms);
    REQUIRE(result.value);
    CHECK(*result.value == 7);
    CHECK(started <= 1);
    CHECK(result.errors.size() == 2 + static_cast<std::size_t>(started));
  }
}
