// Tests of eddy/testing/sweep.hpp: that sweeps find what is wrong.
// SPDX-License-Identifier: MIT
#include <eddy/testing/sweep.hpp>

#include "support/run.hpp"

#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using eddy::testing::for_each_allocation;
using eddy::testing::for_each_cancellation_point;
using eddy::testing::TestFailure;

namespace {

using Log = std::vector<std::string>;

// What a sweep throws, or "nothing".
template <class Sweep>
std::string error_of(Sweep sweep) {
  try {
    sweep();
  } catch (const TestFailure& error) {
    return error.what();
  }
  return "nothing";
}

bool starts_with(const std::string& text, const std::string& start) { return text.compare(0, start.size(), start) == 0; }

// Not inlined: clang leaves out an allocation that nobody can see.
[[gnu::noinline]] std::unique_ptr<int> allocate(int value) { return std::make_unique<int>(value); }

}  // namespace

EDDY_LOOP_TEST_CASE("for_each_cancellation_point cuts each wait while it lasts and when it is over, and tells how many points there are", "[testing]") {
  std::vector<int> reached;
  const auto body = [&]() -> eddy::Task<> {
    int naps = 0;
    const eddy::detail::ScopeExit note([&]() noexcept { reached.push_back(naps); });
    for (; naps < 3; ++naps) co_await eddy::sleep(1s);
  };
  // Each nap is cut while it lasts, and when its time has come: then the next is.
  CHECK(for_each_cancellation_point(body) == 6);
  CHECK(reached == std::vector<int>{0, 1, 1, 2, 2, 3, 3});
}

EDDY_LOOP_TEST_CASE("a test that never waits has no cancellation point and is run once", "[testing]") {
  int runs = 0;
  const auto body = [&]() -> eddy::Task<> {
    ++runs;
    co_return;
  };
  CHECK(for_each_cancellation_point(body) == 0);
  CHECK(runs == 1);
}

EDDY_LOOP_TEST_CASE("the points of the test's other tasks count, too", "[testing]") {
  const auto nap = []() -> eddy::Task<> {
    co_await eddy::sleep(1s);
    co_await eddy::sleep(1s);
  };
  const auto body = [&]() -> eddy::Task<> { co_await eddy::gather(nap(), nap(), nap()); };
  CHECK(for_each_cancellation_point(body) >= 6);
}

EDDY_LOOP_TEST_CASE("a test that gives its value although it was cancelled passes", "[testing]") {
  const auto work = []() -> eddy::Task<int> {
    co_await eddy::sleep(1s);
    co_return 1;
  };
  const auto body = [&]() -> eddy::Task<int> { co_return co_await eddy::uncancellable(work()); };
  CHECK(for_each_cancellation_point(body) > 0);
}

EDDY_LOOP_TEST_CASE("for_each_cancellation_point finds a frame that leaks only when a cancel comes at a bad moment", "[testing]") {
  std::optional<eddy::Task<>> forgotten;
  const auto nap = []() -> eddy::Task<> { co_await eddy::sleep(1s); };
  const auto body = [&]() -> eddy::Task<> {
    forgotten.reset();
    co_await eddy::sleep(1s);
    forgotten.emplace(nap());
    co_await eddy::sleep(1s);
    forgotten.reset();  // not reached if the cancel comes before
    co_await eddy::sleep(1s);
  };
  CHECK(error_of([&] { for_each_cancellation_point(body); }) ==
        "cancelled at point 2: frames of tasks that are left, or freed twice: 1");
  forgotten.reset();
}

EDDY_LOOP_TEST_CASE("a sweep finds an exception that is reported twice", "[testing]") {
  const auto body = [](auto at_end) {
    return [at_end]() -> eddy::Task<> {
      const eddy::detail::ScopeExit look([at_end]() noexcept {
        if (eddy::current_task().unwinding()) at_end();
      });
      co_await eddy::sleep(1s);
    };
  };
  const auto report = [](int times) {
    return [times] {
      const auto error = std::make_exception_ptr(std::runtime_error("lost"));
      for (int i = 0; i < times; ++i) eddy::get_running_loop().call_exception_handler({"an end that failed", error, {}});
    };
  };
  CHECK(for_each_cancellation_point(body(report(1))) > 0);
  CHECK(error_of([&] { for_each_cancellation_point(body(report(2))); }) ==
        "cancelled at point 1: reported twice: an end that failed: lost");
}

EDDY_LOOP_TEST_CASE("for_each_cancellation_point finds a cleanup that fails, and nests its error", "[testing]") {
  const auto body = []() -> eddy::Task<> {
    const auto work = []() -> eddy::Task<> { co_await eddy::sleep(1s); };
    const auto clean_up = []() -> eddy::Task<> {
      if (eddy::current_task().cancelling() > 0) throw std::runtime_error("not prepared for a cancel");
      co_return;
    };
    co_await eddy::try_finally(work(), clean_up());
  };
  std::string nested;
  try {
    for_each_cancellation_point(body);
  } catch (const TestFailure& error) {
    CHECK(std::string(error.what()) == "cancelled at point 1: not prepared for a cancel");
    try {
      std::rethrow_if_nested(error);
    } catch (const std::runtime_error& inner) {
      nested = inner.what();
    }
  }
  CHECK(nested == "not prepared for a cancel");
}

EDDY_LOOP_TEST_CASE("a test that fails when it is left alone fails its sweep", "[testing]") {
  const auto fails = []() -> eddy::Task<> {
    throw std::runtime_error("always");
    co_return;
  };
  CHECK(error_of([&] { for_each_cancellation_point(fails); }) == "left alone: always");
  CHECK(error_of([&] { for_each_allocation(fails); }) == "left alone: always");
  const auto cancelled = []() -> eddy::Task<> {
    throw eddy::CancelledError("by nobody");
    co_return;
  };
  CHECK(error_of([&] { for_each_cancellation_point(cancelled); }) == "left alone: by nobody");
}

EDDY_LOOP_TEST_CASE("a test that does not come to an end is given up at the limit", "[testing]") {
  const auto body = []() -> eddy::Task<> {
    for (int i = 0; i < 100; ++i) co_await eddy::yield();
  };
  CHECK(error_of([&] { for_each_cancellation_point(body, {.limit = 10}); }) == "more cancellation points than 10");
  const auto allocates = []() -> eddy::Task<> {
    std::vector<std::unique_ptr<int>> many;
    for (int i = 0; i < 100; ++i) many.push_back(allocate(i));
    co_return;
  };
  CHECK(error_of([&] { for_each_allocation(allocates, {.limit = 10}); }) == "more allocations than 10");
}

EDDY_LOOP_TEST_CASE("for_each_allocation lets each allocation fail, once and with all later ones, frames included", "[testing]") {
  std::vector<int> made;
  const auto body = [&]() -> eddy::Task<> {
    int count = 0;
    const eddy::detail::ScopeExit note([&]() noexcept {
      const eddy::testing::AllocationsSucceed pause;
      made.push_back(count);
    });
    for (; count < 3; ++count) {
      try {
        const auto number = allocate(count);
        CHECK(*number == count);
      } catch (const std::bad_alloc&) {
        if (count == 1) throw;
      }
    }
    co_return;
  };
  CHECK(for_each_allocation(body) == 4);  // the body's frame, and three numbers
  CHECK(made == std::vector<int>{3, 1, 3, 3, 1, 1, 3, 3});
}

EDDY_LOOP_TEST_CASE("for_each_allocation finds what leaks only when an allocation fails", "[testing]") {
  std::optional<eddy::Task<>> forgotten;
  const auto nap = []() -> eddy::Task<> { co_await eddy::sleep(1s); };
  const auto body = [&]() -> eddy::Task<> {
    forgotten.emplace(nap());
    const auto number = allocate(1);
    forgotten.reset();
    co_return;
  };
  const std::string text = error_of([&] { for_each_allocation(body); });
  CHECK(starts_with(text, "with allocation "));
  CHECK(text.find(" failing: frames of tasks that are left, or freed twice: 1") != std::string::npos);
  forgotten.reset();
}

EDDY_LOOP_TEST_CASE("a failed allocation may not turn into another error", "[testing]") {
  const auto body = []() -> eddy::Task<> {
    try {
      const auto number = allocate(1);
    } catch (const std::bad_alloc&) {
      throw std::logic_error("wrong error");
    }
    co_return;
  };
  const std::string text = error_of([&] { for_each_allocation(body); });
  CHECK(text.find("failing: wrong error") != std::string::npos);
}

EDDY_LOOP_TEST_CASE("a failed allocation may come in a group or nested", "[testing]") {
  const auto allocates = []() -> eddy::Task<> {
    const auto number = allocate(1);
    co_await eddy::yield();
  };
  const auto body = [&]() -> eddy::Task<> {
    const auto children = [&](eddy::TaskGroup& group) -> eddy::Task<> {
      group.create_task(allocates());
      group.create_task(allocates());
      co_return;
    };
    try {
      co_await eddy::task_group(children);
    } catch (const eddy::ExceptionGroup&) {
      std::throw_with_nested(std::runtime_error("outer"));
    }
  };
  CHECK(for_each_allocation(body) > 4);
}

EDDY_LOOP_TEST_CASE("a test that waits in vain for what a failed allocation took away fails its sweep", "[testing]") {
  const auto body = []() -> eddy::Task<> {
    eddy::Event ready;
    const auto start = [&]() -> eddy::Task<> {
      try {
        const auto number = allocate(1);
      } catch (const std::bad_alloc&) {
        co_return;  // and so nobody sets the event
      }
      ready.set();
    };
    const auto wait = [&]() -> eddy::Task<> { co_await ready.wait(); };
    co_await eddy::gather(start(), wait());
  };
  CHECK(error_of([&] { for_each_allocation(body); }).find("eddy: deadlock") != std::string::npos);
}

EDDY_LOOP_TEST_CASE("sweeps work inside of a check, where allocations succeed otherwise", "[testing]") {
  const auto body = []() -> eddy::Task<> {
    const auto number = allocate(1);
    CHECK(std::string(100, 'x').size() == 100);  // what a check allocates does not fail
    co_return;
  };
  REQUIRE(for_each_allocation(body) == 2);
  CHECK(for_each_allocation(body) == 2);
}

EDDY_LOOP_TEST_CASE("allocations succeed again when a sweep has ended, whichever way", "[testing]") {
  const auto fails = []() -> eddy::Task<> {
    co_await eddy::yield();
    throw std::runtime_error("always");
  };
  CHECK(error_of([&] { for_each_allocation(fails); }) != "nothing");
  for (int i = 0; i < 100; ++i) CHECK(allocate(i) != nullptr);
}
