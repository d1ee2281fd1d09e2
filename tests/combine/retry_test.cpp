// retry: attempts, delays, which errors are tried again, hooks, budget, and cancellation.
//
// SPDX-License-Identifier: MIT
#include "support/work.hpp"

#include <algorithm>
#include <cmath>
#include <memory>

using namespace test;

namespace {

using Times = std::vector<eddy::Duration>;
using Lines = std::vector<std::string>;

// Fails with "failure N" until its call number `succeeds_at`; notes when it was called.
eddy::Task<int> flaky(Times& calls, eddy::TimePoint start, int succeeds_at) {
  calls.push_back(now() - start);
  const int number = static_cast<int>(calls.size());
  co_await eddy::yield();
  if (number < succeeds_at) throw std::runtime_error("failure " + std::to_string(number));
  co_return number;
}

constexpr int kNever = 1000;

// How `work` ends, as text.
template <class A>
eddy::Task<std::string> ending_with_message(A work) {
  try {
    static_cast<void>(co_await std::move(work));
  } catch (const eddy::CancelledError& error) {
    co_return "CancelledError " + error.reason();
  } catch (const eddy::TimeoutError& error) {
    co_return std::string("TimeoutError ") + error.what();
  } catch (const std::exception& error) {
    co_return error.what();
  }
  co_return "value";
}

bool is_runtime_error(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::runtime_error&) {
    return true;
  } catch (...) {
    return false;
  }
}

}  // namespace

EDDY_TEST_CASE("retry of a call that succeeds calls once, without a delay", "[c309]") {
  Times calls;
  const auto start = now();
  const int value = co_await eddy::retry({.max_attempts = 5}, &flaky, std::ref(calls), start, 1);
  CHECK(value == 1);
  CHECK(calls.size() == 1);
  CHECK(now() == start);
}

EDDY_TEST_CASE("retry calls again until the call succeeds", "[c309]") {
  Times calls;
  const auto start = now();
  const int value =
      co_await eddy::retry({.max_attempts = 5, .delay = 1s, .factor = 1}, &flaky, std::ref(calls), start, 3);
  CHECK(value == 3);
  const Times expected{0s, 1s, 2s};
  CHECK(calls == expected);
}

EDDY_TEST_CASE("retry gives up after max_attempts with the last error, and does not sleep after it", "[c309]") {
  Times calls;
  const auto start = now();
  const std::string how = co_await ending_with_message(
      eddy::retry({.max_attempts = 4, .delay = 1s, .factor = 1}, &flaky, std::ref(calls), start, kNever));
  CHECK(how == "failure 4");
  const Times expected{0s, 1s, 2s, 3s};
  CHECK(calls == expected);
  CHECK(now() - start == 3s);
}

EDDY_TEST_CASE("the default policy makes three attempts, one and two seconds apart", "[c309]") {
  Times calls;
  const auto start = now();
  const std::string how = co_await ending_with_message(eddy::retry(eddy::RetryPolicy(), &flaky, std::ref(calls), start, kNever));
  CHECK(how == "failure 3");
  const Times expected{0s, 1s, 3s};
  CHECK(calls == expected);
}

EDDY_TEST_CASE("each delay is factor times the one before, up to max_delay") {
  Times calls;
  const auto start = now();
  const std::string how = co_await ending_with_message(eddy::retry({.max_attempts = 7, .delay = 1s, .factor = 3, .max_delay = 10s},
                                                      &flaky, std::ref(calls), start, kNever));
  CHECK(how == "failure 7");
  const Times expected{0s, 1s, 4s, 13s, 23s, 33s, 43s};
  CHECK(calls == expected);
}

EDDY_TEST_CASE("a factor below one makes the delays shorter, and zero leaves only the first") {
  Times calls;
  const auto start = now();
  (void)co_await ending_with_message(
      eddy::retry({.max_attempts = 4, .delay = 8s, .factor = 0.5}, &flaky, std::ref(calls), start, kNever));
  const Times expected{0s, 8s, 12s, 14s};
  CHECK(calls == expected);
  Times again;
  const auto later = now();
  (void)co_await ending_with_message(
      eddy::retry({.max_attempts = 4, .delay = 8s, .factor = 0}, &flaky, std::ref(again), later, kNever));
  const Times expected_again{0s, 8s, 8s, 8s};
  CHECK(again == expected_again);
}

EDDY_TEST_CASE("a max_delay below the first delay caps it too, and a delay of zero or less only yields") {
  Times calls;
  const auto start = now();
  (void)co_await ending_with_message(
      eddy::retry({.max_attempts = 3, .delay = 8s, .max_delay = 2s}, &flaky, std::ref(calls), start, kNever));
  const Times expected{0s, 2s, 4s};
  CHECK(calls == expected);
  for (const eddy::Duration delay : {eddy::Duration(0s), eddy::Duration(-5s)}) {
    Times again;
    const auto later = now();
    const std::string how =
        co_await ending_with_message(eddy::retry({.max_attempts = 3, .delay = delay}, &flaky, std::ref(again), later, kNever));
    CHECK(how == "failure 3");
    const Times at_once{0s, 0s, 0s};
    CHECK(again == at_once);
  }
}

EDDY_TEST_CASE("enormous delays and factors saturate instead of overflowing") {
  Times calls;
  const auto start = now();
  const std::string how = co_await ending_with_message(eddy::retry(
      {.max_attempts = 50, .delay = 1h, .factor = 1e300, .max_delay = 2h}, &flaky, std::ref(calls), start, kNever));
  CHECK(how == "failure 50");
  CHECK(now() - start == 1h + 48 * 2h);
}

EDDY_TEST_CASE("jitter makes each delay longer or shorter by up to its part, and not always the same") {
  constexpr int kAttempts = 200;
  Times calls;
  const auto start = now();
  (void)co_await ending_with_message(eddy::retry({.max_attempts = kAttempts, .delay = 100s, .factor = 1, .jitter = 0.25}, &flaky,
                                    std::ref(calls), start, kNever));
  REQUIRE(calls.size() == kAttempts);
  int outside = 0;
  int shorter = 0;
  int longer = 0;
  for (std::size_t i = 1; i < calls.size(); ++i) {
    const eddy::Duration delay = calls[i] - calls[i - 1];
    outside += delay < 75s || delay > 125s ? 1 : 0;
    shorter += delay < 90s ? 1 : 0;
    longer += delay > 110s ? 1 : 0;
  }
  CHECK(outside == 0);
  CHECK(shorter > 20);
  CHECK(longer > 20);
}

EDDY_TEST_CASE("jitter does not lengthen a delay beyond max_delay, and a jitter above one never gives a negative one") {
  Times calls;
  const auto start = now();
  (void)co_await ending_with_message(eddy::retry({.max_attempts = 100, .delay = 10s, .factor = 1, .max_delay = 10s, .jitter = 3.0},
                                    &flaky, std::ref(calls), start, kNever));
  REQUIRE(calls.size() == 100);
  int outside = 0;
  for (std::size_t i = 1; i < calls.size(); ++i) {
    const eddy::Duration delay = calls[i] - calls[i - 1];
    outside += delay < 0s || delay > 10s ? 1 : 0;
  }
  CHECK(outside == 0);
  CHECK(now() - start < 1000s);
}

EDDY_TEST_CASE("retry_on decides which errors are tried again: another one is thrown at once", "[c309]") {
  int calls = 0;
  auto mixed = [&]() -> eddy::Task<> {
    ++calls;
    co_await eddy::yield();
    if (calls < 3) throw std::runtime_error("try again");
    throw std::logic_error("for good");
  };
  const auto start = now();
  const std::string how = co_await ending_with_message(
      eddy::retry({.max_attempts = 10, .delay = 1s, .factor = 1, .retry_on = &is_runtime_error}, mixed));
  CHECK(how == "for good");
  CHECK(calls == 3);
  CHECK(now() - start == 2s);
}

EDDY_TEST_CASE("the hooks' retry_on may capture things, and both predicates must agree to a further attempt",
               "[c309]") {
  int asked = 0;
  Times calls;
  const auto start = now();
  eddy::RetryHooks hooks(nullptr, [&asked](const std::exception_ptr&) { return ++asked < 2; });
  auto work = eddy::retry({.max_attempts = 10, .delay = 1s, .factor = 1, .retry_on = &is_runtime_error},
                          std::move(hooks), &flaky, std::ref(calls), start, kNever);
  const std::string how = co_await ending_with_message(std::move(work));
  CHECK(how == "failure 2");
  CHECK(asked == 2);
  CHECK(calls.size() == 2);
}

EDDY_TEST_CASE(
    "the hook sees each failure before its delay: number, error and how long is waited; none after the last") {
  Lines log;
  Times calls;
  const auto start = now();
  eddy::RetryHooks hooks([&](const eddy::RetryAttempt& attempt) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(attempt.delay).count();
    log.push_back(std::to_string(attempt.attempt) + ' ' + eddy::detail::describe_exception(attempt.error) + ' ' +
                  std::to_string(seconds));
    CHECK(calls.size() == static_cast<std::size_t>(attempt.attempt));
  });
  auto work = eddy::retry({.max_attempts = 3, .delay = 2s}, std::move(hooks), &flaky, std::ref(calls), start, kNever);
  const std::string how = co_await ending_with_message(std::move(work));
  CHECK(how == "failure 3");
  const Lines expected{"1 failure 1 2", "2 failure 2 4"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("the hook is not called when the first attempt succeeds") {
  int calls_of_hook = 0;
  Times calls;
  eddy::RetryHooks hooks([&](const eddy::RetryAttempt&) { ++calls_of_hook; });
  auto work = eddy::retry({.max_attempts = 3}, std::move(hooks), &flaky, std::ref(calls), now(), 1);
  const int value = co_await std::move(work);
  CHECK(value == 1);
  CHECK(calls_of_hook == 0);
}

EDDY_TEST_CASE("an exception from a hook ends the retry") {
  Times calls;
  eddy::RetryHooks hooks([](const eddy::RetryAttempt&) { throw std::logic_error("the hook"); });
  auto work = eddy::retry({.max_attempts = 3}, std::move(hooks), &flaky, std::ref(calls), now(), kNever);
  const std::string how = co_await ending_with_message(std::move(work));
  CHECK(how == "the hook");
  CHECK(calls.size() == 1);
}

EDDY_TEST_CASE("what a hook of retry throws carries the attempt's error") {
  Times calls;
  eddy::RetryHooks before([](const eddy::RetryAttempt&) { throw std::logic_error("before_wait"); });
  auto work = eddy::retry({.max_attempts = 3}, std::move(before), &flaky, std::ref(calls), now(), kNever);
  const std::string first = co_await ending(std::move(work));
  CHECK(first == "before_wait < failure 1");
  eddy::RetryHooks decides(nullptr, [](const std::exception_ptr&) -> bool { throw std::logic_error("retry_on"); });
  work = eddy::retry({.max_attempts = 3}, std::move(decides), &flaky, std::ref(calls), now(), kNever);
  const std::string second = co_await ending(std::move(work));
  CHECK(second == "retry_on < failure 2");
  eddy::RetryPolicy policy;
  policy.retry_on = [](const std::exception_ptr&) -> bool { throw std::logic_error("the policy"); };
  work = eddy::retry(policy, &flaky, std::ref(calls), now(), kNever);
  const std::string third = co_await ending(std::move(work));
  CHECK(third == "the policy < failure 3");
  CHECK(calls.size() == 3);
}

EDDY_TEST_CASE("a hook of retry that throws the attempt's own error again ends the retry with it alone") {
  Times calls;
  eddy::RetryHooks hooks([](const eddy::RetryAttempt& attempt) { std::rethrow_exception(attempt.error); });
  auto work = eddy::retry({.max_attempts = 3}, std::move(hooks), &flaky, std::ref(calls), now(), kNever);
  const std::string how = co_await ending(std::move(work));
  CHECK(how == "failure 1");
}

EDDY_TEST_CASE("an attempt's error is reported if a hook of retry throws a type that cannot carry it") {
  struct OwnError : std::runtime_error {
    using std::runtime_error::runtime_error;
  };
  Times calls;
  eddy::RetryHooks hooks([](const eddy::RetryAttempt&) { throw OwnError("own"); });
  auto work = eddy::retry({.max_attempts = 3}, std::move(hooks), &flaky, std::ref(calls), now(), kNever);
  std::string how;
  try {
    co_await std::move(work);
  } catch (const OwnError& error) {
    how = error.what();
  }
  CHECK(how == "own");
  const auto reports = take_reports();
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].find("a hook of retry threw") != std::string::npos);
  CHECK(reports[0].find("failure 1") != std::string::npos);
}

EDDY_TEST_CASE("max_attempts below one is refused with std::invalid_argument, and one means no second attempt") {
  Times calls;
  CHECK_THROWS_AS(static_cast<void>(eddy::retry({.max_attempts = 0}, &flaky, std::ref(calls), now(), 1)),
                  std::invalid_argument);
  CHECK_THROWS_AS(static_cast<void>(eddy::retry({.max_attempts = -3}, &flaky, std::ref(calls), now(), 1)),
                  std::invalid_argument);
  CHECK(calls.empty());
  const auto start = now();
  const std::string how = co_await ending_with_message(eddy::retry({.max_attempts = 1}, &flaky, std::ref(calls), start, kNever));
  CHECK(how == "failure 1");
  CHECK(now() == start);
}

EDDY_TEST_CASE("a negative or undefined factor or jitter is refused with std::invalid_argument") {
  Times calls;
  const auto start = now();
  const double nan = std::nan("");
  CHECK_THROWS_AS(static_cast<void>(eddy::retry({.factor = -1}, &flaky, std::ref(calls), start, 1)),
                  std::invalid_argument);
  CHECK_THROWS_AS(static_cast<void>(eddy::retry({.factor = nan}, &flaky, std::ref(calls), start, 1)),
                  std::invalid_argument);
  CHECK_THROWS_AS(static_cast<void>(eddy::retry({.jitter = -0.5}, &flaky, std::ref(calls), start, 1)),
                  std::invalid_argument);
  CHECK_THROWS_AS(static_cast<void>(eddy::retry({.jitter = nan}, &flaky, std::ref(calls), start, 1)),
                  std::invalid_argument);
  CHECK(calls.empty());
  co_return;
}

EDDY_TEST_CASE("a budget that runs out in the first attempt cuts it: TimeoutError, after the attempt's cleanup") {
  Lines log;
  auto slow = [&]() -> eddy::Task<int> {
    const OnExit exit(log, "attempt gone");
    co_await eddy::try_finally(nap(1h), nap(1s));
    co_return 1;
  };
  const auto start = now();
  const std::string how = co_await ending_with_message(eddy::retry({.max_attempts = 5, .budget = 10s}, slow));
  CHECK(how.find("TimeoutError") == 0);
  CHECK(now() - start == 11s);
  CHECK(log == Lines{"attempt gone"});
}

EDDY_TEST_CASE("a budget that runs out in a later attempt cuts it and throws the error of the one before") {
  int calls = 0;
  auto work = [&]() -> eddy::Task<int> {
    if (++calls == 1) throw std::runtime_error("first failure");
    co_await eddy::sleep(1h);
    co_return 1;
  };
  const auto start = now();
  const std::string how = co_await ending_with_message(eddy::retry({.max_attempts = 5, .delay = 2s, .budget = 10s}, work));
  CHECK(how == "first failure");
  CHECK(calls == 2);
  CHECK(now() - start == 10s);
}

EDDY_TEST_CASE("a delay that would end beyond the budget is not waited for: the error is thrown at once") {
  Times calls;
  const auto start = now();
  const std::string how = co_await ending_with_message(eddy::retry({.max_attempts = 10, .delay = 4s, .factor = 1, .budget = 10s},
                                                      &flaky, std::ref(calls), start, kNever));
  CHECK(how == "failure 3");
  const Times expected{0s, 4s, 8s};
  CHECK(calls == expected);
  CHECK(now() - start == 8s);
}

EDDY_LOOP_TEST_CASE("a call that succeeds within the budget leaves no timer behind") {
  eddy::testing::VirtualClock clock;
  run_virtual(
      []() -> eddy::Task<> {
        Times calls;
        const int value =
            co_await eddy::retry({.max_attempts = 3, .delay = 1s, .budget = 100h}, &flaky, std::ref(calls), now(), 2);
        CHECK(value == 2);
      },
      clock);
  CHECK(clock.elapsed() == 1s);
}

EDDY_TEST_CASE("an attempt that ends with a value although the budget cut it delivers its value") {
  auto stubborn = []() -> eddy::Task<int> {
    co_await eddy::uncancellable(nap(5s));
    co_return 7;
  };
  const int value = co_await eddy::retry({.max_attempts = 3, .budget = 2s}, stubborn);
  CHECK(value == 7);
}

EDDY_TEST_CASE("a budget of zero lets the first attempt run to its first wait") {
  bool ran = false;
  auto work = [&]() -> eddy::Task<int> {
    ran = true;
    co_await eddy::sleep(1s);
    co_return 1;
  };
  const auto start = now();
  const std::string how = co_await ending_with_message(eddy::retry({.max_attempts = 3, .budget = eddy::Duration(0)}, work));
  CHECK(how.find("TimeoutError") == 0);
  CHECK(ran);
  CHECK(now() == start);
}

EDDY_TEST_CASE("a TimeoutError that an attempt throws is tried again like other errors") {
  int calls = 0;
  auto work = [&]() -> eddy::Task<int> {
    const bool quick = ++calls == 3;
    co_await eddy::timeout(1s, nap(quick ? 0s : 1h));
    co_return calls;
  };
  const auto start = now();
  const int value = co_await eddy::retry({.max_attempts = 5, .delay = 2s, .factor = 1, .budget = 1h}, work);
  CHECK(value == 3);
  CHECK(now() - start == 6s);
}

EDDY_TEST_CASE("a cancel during a delay ends the retry at once: no further attempt", "[c310]") {
  Times calls;
  const auto start = now();
  auto parent = [&]() -> eddy::Task<> {
    (void)co_await eddy::retry({.max_attempts = 5, .delay = 1h}, &flaky, std::ref(calls), start, kNever);
  };
  auto handle = eddy::create_task(parent());
  co_await eddy::sleep(5s);
  handle.cancel("enough");
  const std::string how = co_await ending_with_message(handle);
  CHECK(how == "CancelledError enough");
  CHECK(calls.size() == 1);
  CHECK(now() - start == 5s);
}

EDDY_TEST_CASE("a cancel during an attempt ends the retry with it, after the attempt's cleanup", "[c310]") {
  int calls = 0;
  auto work = [&]() -> eddy::Task<> {
    ++calls;
    co_await eddy::try_finally(nap(1h), nap(3s));
  };
  auto parent = [&]() -> eddy::Task<> { co_await eddy::retry({.max_attempts = 5, .budget = 10h}, work); };
  auto handle = eddy::create_task(parent());
  co_await eddy::sleep(1s);
  const auto start = now();
  handle.cancel();
  const std::string how = co_await ending_with_message(handle);
  CHECK(how == "CancelledError ");
  CHECK(calls == 1);
  CHECK(now() - start == 3s);
}

EDDY_TEST_CASE("an expired timeout around a retry ends it, in a delay and in an attempt", "[c310]") {
  Times calls;
  const auto start = now();
  auto work = eddy::retry({.max_attempts = 100, .delay = 2s, .factor = 1}, &flaky, std::ref(calls), start, kNever);
  const std::string how = co_await ending_with_message(eddy::timeout(5s, std::move(work)));
  CHECK(how.find("TimeoutError") == 0);
  CHECK(calls.size() == 3);
  CHECK(now() - start == 5s);
  auto sleeps = []() -> eddy::Task<> { co_await eddy::sleep(1h); };
  auto longer = eddy::retry({.max_attempts = 100}, sleeps);
  const std::string again = co_await ending_with_message(eddy::timeout(5s, std::move(longer)));
  CHECK(again.find("TimeoutError") == 0);
  CHECK(now() - start == 10s);
}

EDDY_TEST_CASE("a CancelledError of what an attempt awaited is never tried again, whatever retry_on says", "[c310]") {
  auto victim = eddy::create_task(nap(1h));
  eddy::get_running_loop().call_later(1s, [&] { victim.cancel("gone"); });
  int calls = 0;
  int asked = 0;
  auto work = [&]() -> eddy::Task<> {
    ++calls;
    co_await victim;
  };
  eddy::RetryHooks hooks([&](const eddy::RetryAttempt&) { ++asked; },
                         [&](const std::exception_ptr&) {
                           ++asked;
                           return true;
                         });
  auto retrying = eddy::retry({.max_attempts = 5, .delay = 1s}, std::move(hooks), work);
  const std::string how = co_await ending_with_message(std::move(retrying));
  CHECK(how == "CancelledError gone");
  CHECK(calls == 1);
  CHECK(asked == 0);
  CHECK(eddy::current_task().cancelling() == 0);
}

EDDY_TEST_CASE("a CancelledError that an attempt throws with a budget is not tried again either", "[c310]") {
  int calls = 0;
  auto work = [&]() -> eddy::Task<> {
    ++calls;
    co_await eddy::yield();
    throw eddy::CancelledError("by hand");
  };
  const std::string how = co_await ending_with_message(eddy::retry({.max_attempts = 5, .budget = 1h}, work));
  CHECK(how == "CancelledError by hand");
  CHECK(calls == 1);
}

EDDY_TEST_CASE("an attempt that succeeds in the turn of a cancel delivers its value; the cancel stays in force",
               "[c310]") {
  int got = 0;
  auto work = []() -> eddy::Task<int> {
    co_await eddy::sleep(1s);
    eddy::current_task().cancel();
    co_return 7;
  };
  auto parent = [&]() -> eddy::Task<> {
    got = co_await eddy::retry({.max_attempts = 3}, work);
    co_await eddy::yield();
    got = -1;
  };
  const std::string how = co_await ending_with_message(eddy::create_task(parent()));
  CHECK(how == "CancelledError ");
  CHECK(got == 7);
}

EDDY_TEST_CASE("retry with a cancel in force starts no attempt", "[c310]") {
  bool ran = false;
  auto work = [&]() -> eddy::Task<> {
    ran = true;
    co_return;
  };
  auto parent = [&]() -> eddy::Task<> {
    eddy::current_task().cancel();
    co_await eddy::retry({.max_attempts = 3}, work);
    ran = true;
  };
  const std::string how = co_await ending_with_message(eddy::create_task(parent()));
  CHECK(how == "CancelledError ");
  CHECK_FALSE(ran);
}

EDDY_TEST_CASE("retry runs its attempts in the caller's task") {
  const eddy::TaskRef caller = eddy::current_task();
  bool same = false;
  auto work = [&]() -> eddy::Task<> {
    same = eddy::current_task() == caller;
    co_return;
  };
  co_await eddy::retry({.max_attempts = 3}, work);
  CHECK(same);
}

EDDY_TEST_CASE("retry keeps its arguments and passes them to every attempt") {
  struct Fetch {
    static eddy::Task<std::string> run_it(std::string url, const std::unique_ptr<int>& failures) {
      co_await eddy::sleep(1s);
      if ((*failures)-- > 0) throw std::runtime_error("unreachable");
      co_return url + " fetched";
    }
  };
  auto work = eddy::retry({.max_attempts = 5, .delay = 1s}, &Fetch::run_it,
                          std::string("https://example.org/a-path-that-is-long-enough"), std::make_unique<int>(2));
  const std::string page = co_await std::move(work);
  CHECK(page == "https://example.org/a-path-that-is-long-enough fetched");
}

EDDY_TEST_CASE("retry gives void, references and move-only values") {
  int target = 0;
  int calls = 0;
  auto refers = [&]() -> eddy::Task<int&> {
    if (++calls < 2) throw std::runtime_error("no");
    co_return target;
  };
  int& reference = co_await eddy::retry({.max_attempts = 3}, refers);
  CHECK(&reference == &target);
  auto boxes = [&]() -> eddy::Task<std::unique_ptr<int>> {
    if (++calls < 4) throw std::runtime_error("no");
    co_return std::make_unique<int>(calls);
  };
  const std::unique_ptr<int> box = co_await eddy::retry({.max_attempts = 3}, boxes);
  REQUIRE(box);
  CHECK(*box == 4);
  auto nothing = [&]() -> eddy::Task<> {
    if (++calls < 6) throw std::runtime_error("no");
    co_return;
  };
  co_await eddy::retry({.max_attempts = 3}, nothing);
  CHECK(calls == 6);
}

EDDY_TEST_CASE("a function that throws before it makes a task has failed an attempt") {
  int calls = 0;
  auto seven = []() -> eddy::Task<int> { co_return 7; };
  auto work = [&]() -> eddy::Task<int> {
    if (++calls < 3) throw std::runtime_error("no task");
    return seven();
  };
  const auto start = now();
  const int value = co_await eddy::retry({.max_attempts = 3, .delay = 1s, .factor = 1}, work);
  CHECK(value == 7);
  CHECK(now() - start == 2s);
}

EDDY_TEST_CASE("the frames of failed attempts are destroyed before the next attempt starts") {
  int most = 0;
  int calls = 0;
  auto work = [&]() -> eddy::Task<> {
    const Tracked tracked;
    most = std::max(most, Tracked::alive);
    co_await eddy::yield();
    if (++calls < 10) throw std::runtime_error("no");
  };
  co_await eddy::retry({.max_attempts = 10, .delay = 1s, .factor = 1}, work);
  CHECK(most == 1);
  CHECK(Tracked::alive == 0);
}

EDDY_TEST_CASE("a hundred thousand attempts that fail at once need no stack", "[large]") {
  int calls = 0;
  auto work = [&]() -> eddy::Task<int> {
    if (++calls < 100'000) throw std::runtime_error("no");
    co_return calls;
  };
  const int value = co_await eddy::retry({.max_attempts = 100'000, .delay = eddy::Duration(0), .factor = 1}, work);
  CHECK(value == 100'000);
}

TEST_CASE("hooks that are empty wait for nothing and try every error again", "[combine]") {
  const auto error = std::make_exception_ptr(std::runtime_error("no"));
  eddy::RetryHooks none;
  CHECK_NOTHROW(none.before_wait({1, error, 1s}));
  CHECK(none.retries(error));
  int waits = 0;
  eddy::RetryHooks some([&waits](const eddy::RetryAttempt& attempt) { waits += attempt.attempt; },
                        [](const std::exception_ptr&) { return false; });
  some.before_wait({3, error, 1s});
  CHECK(waits == 3);
  CHECK_FALSE(some.retries(error));
}

TEST_CASE("a delay of retry is never negative, and zero stays zero however long the attempts go on") {
  eddy::RetryPolicy policy;
  policy.delay = 10s;
  policy.jitter = 3;
  CHECK(eddy::detail::retry_delay(policy, 1, 0) == 0s);
  policy.jitter = 0;
  policy.delay = 0s;
  policy.factor = 1e9;
  CHECK(eddy::detail::retry_delay(policy, 1'000'000, 0) == 0s);
  CHECK(eddy::detail::mix(0) != 0);
}

EDDY_TEST_CASE("a budget that runs out cuts an attempt that gives nothing, or a reference, as it does others") {
  static int target = 0;
  const auto nothing = []() -> eddy::Task<> { co_await eddy::sleep(1h); };
  const std::string cut = co_await ending_with_message(eddy::retry({.max_attempts = 5, .budget = 10s}, nothing));
  CHECK(cut == "TimeoutError eddy: retry used up its budget before an attempt ended");
  const auto reference = []() -> eddy::Task<int&> {
    co_await eddy::sleep(1h);
    co_return target;
  };
  const std::string cut_too = co_await ending_with_message(eddy::retry({.max_attempts = 5, .budget = 10s}, reference));
  CHECK(cut_too == cut);
}
