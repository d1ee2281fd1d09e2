// Tests of eddy/testing/sweep.hpp: that sweeps find what is wrong, and that eddy's own primitives pass them.
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

// Sweeps `body` under several orders of tasks.
template <class F>
void sweep_all(F& body) {
  for (std::uint64_t seed = 0; seed < 7; ++seed) {
    const eddy::testing::SweepOptions options{.seed = seed};
    CHECK(for_each_cancellation_point(body, options) > 0);
    CHECK(for_each_allocation(body, options) > 0);
  }
}

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

EDDY_LOOP_TEST_CASE("swept: a Semaphore conserves its permits", "[testing][sync]") {
  std::optional<eddy::Semaphore> semaphore;
  const auto worker = [&](int turns) -> eddy::Task<> {
    for (int i = 0; i < turns; ++i) {
      const auto permit = co_await semaphore->scoped();
      CHECK(semaphore->value() < 2);
      co_await eddy::sleep(1s);
    }
  };
  const auto body = [&]() -> eddy::Task<> {
    if (semaphore) CHECK(semaphore->value() == 2);  // after the run before
    semaphore.emplace(std::size_t{2});
    co_await eddy::gather(worker(2), worker(1), worker(2), worker(1));
  };
  sweep_all(body);
  CHECK(semaphore->value() == 2);
}

EDDY_LOOP_TEST_CASE("swept: a Lock is held by one task at most, and by none in the end", "[testing][sync]") {
  std::optional<eddy::Lock> lock;
  int inside = 0;
  const auto worker = [&]() -> eddy::Task<> {
    for (int i = 0; i < 2; ++i) {
      const auto guard = co_await lock->scoped();
      CHECK(++inside == 1);
      const eddy::detail::ScopeExit leave([&]() noexcept { --inside; });
      co_await eddy::yield();
    }
  };
  const auto body = [&]() -> eddy::Task<> {
    if (lock) CHECK_FALSE(lock->locked());
    lock.emplace();
    co_await eddy::gather(worker(), worker(), worker());
  };
  sweep_all(body);
  CHECK_FALSE(lock->locked());
}

EDDY_LOOP_TEST_CASE("swept: a Condition holds its lock whenever a waiter goes on or unwinds", "[testing][sync]") {
  std::optional<eddy::Condition> condition;
  int available = 0;
  const auto consumer = [&]() -> eddy::Task<> {
    const auto guard = co_await condition->scoped();
    const eddy::detail::ScopeExit look([&]() noexcept {
      CHECK(condition->locked());
    });
    while (available == 0) co_await condition->wait();
    CHECK(condition->locked());
    --available;
  };
  const auto producer = [&]() -> eddy::Task<> {
    for (int i = 0; i < 3; ++i) {
      co_await eddy::sleep(1s);
      const auto guard = co_await condition->scoped();
      ++available;
      condition->notify(1);
    }
  };
  const auto body = [&]() -> eddy::Task<> {
    if (condition) CHECK_FALSE(condition->locked());
    condition.emplace();
    available = 0;
    co_await eddy::gather(consumer(), consumer(), consumer(), producer());
    CHECK(available == 0);
  };
  sweep_all(body);
  CHECK_FALSE(condition->locked());
}

EDDY_LOOP_TEST_CASE("swept: what goes into a Queue comes out, or is still in it", "[testing][flow]") {
  std::optional<eddy::Queue<int>> queue;
  int in = 0;
  int out = 0;
  const auto check = [&] {
    if (queue) CHECK(static_cast<std::size_t>(in - out) == queue->qsize());
  };
  const auto producer = [&](int first) -> eddy::Task<> {
    for (int i = first; i < first + 4; ++i) {
      co_await queue->put(i);
      ++in;
    }
  };
  const auto consumer = [&](int count) -> eddy::Task<> {
    for (int i = 0; i < count; ++i) {
      (void)co_await queue->get();
      ++out;
      queue->task_done();
      co_await eddy::yield();
    }
  };
  const auto body = [&]() -> eddy::Task<> {
    check();
    queue.emplace(std::size_t{2});
    in = out = 0;
    co_await eddy::gather(producer(0), consumer(5), producer(10), consumer(3));
    CHECK(out == 8);
  };
  sweep_all(body);
  check();
}

EDDY_LOOP_TEST_CASE("swept: what goes into a Channel comes out in order, or is still in it", "[testing][flow]") {
  int in = 0;
  int out = 0;
  int left = 0;
  const auto body = [&]() -> eddy::Task<> {
    CHECK(in == out + left);
    in = out = left = 0;
    auto [to, from] = eddy::channel<int>(1);
    auto sender = std::move(to);
    auto receiver = std::move(from);
    const eddy::detail::ScopeExit count([&]() noexcept {
      while (receiver.try_receive()) ++left;
    });
    const auto produce = [&]() -> eddy::Task<> {
      for (int i = 0; i < 4; ++i) {
        co_await sender.send(i);
        ++in;
      }
      sender.close();
    };
    const auto consume = [&]() -> eddy::Task<> {
      while (auto item = co_await receiver.next()) {
        CHECK(*item == out);
        ++out;
        co_await eddy::yield();
      }
    };
    co_await eddy::gather(produce(), consume());
    CHECK(out == 4);
  };
  sweep_all(body);
  CHECK(in == out + left);
}

EDDY_LOOP_TEST_CASE("swept: a TaskGroup leaves no child behind", "[testing][combine]") {
  int running = 0;
  const auto child = [&](int naps) -> eddy::Task<> {
    ++running;
    const eddy::detail::ScopeExit leave([&]() noexcept { --running; });
    for (int i = 0; i < naps; ++i) co_await eddy::sleep(1s);
  };
  const auto body = [&]() -> eddy::Task<> {
    CHECK(running == 0);
    const auto children = [&](eddy::TaskGroup& group) -> eddy::Task<> {
      for (int i = 0; i < 4; ++i) group.create_task(child(i));
      co_await eddy::yield();
      group.create_task(child(1));
    };
    co_await eddy::task_group(children);
    CHECK(running == 0);
  };
  sweep_all(body);
  CHECK(running == 0);
}

EDDY_LOOP_TEST_CASE("swept: each error of a TaskGroup's children is delivered or reported exactly once", "[testing][combine]") {
  int thrown = 0;
  int seen = 0;
  const auto count_errors = [&seen](const eddy::ExceptionContext& context) {
    if (context.exception) ++seen;
  };
  const auto child = [&](eddy::Duration delay) -> eddy::Task<> {
    co_await eddy::sleep(delay);
    ++thrown;
    throw std::runtime_error("child");
  };
  const auto body = [&]() -> eddy::Task<> {
    CHECK(thrown == seen);
    thrown = seen = 0;
    eddy::get_running_loop().set_exception_handler(count_errors);
    const auto children = [&](eddy::TaskGroup& group) -> eddy::Task<> {
      group.create_task(child(1s));
      group.create_task(child(1s));
      co_await eddy::sleep(2s);
    };
    try {
      co_await eddy::task_group(children);
    } catch (const eddy::ExceptionGroup& group) {
      seen += static_cast<int>(group.exceptions().size());
    }
    co_await eddy::yield();
  };
  for (std::uint64_t seed = 0; seed < 7; ++seed) CHECK(for_each_cancellation_point(body, {.seed = seed}) > 0);
  CHECK(thrown == seen);
}

EDDY_LOOP_TEST_CASE("swept: each error of tasks that nobody awaits is reported exactly once", "[testing][task]") {
  int thrown = 0;
  int seen = 0;
  const auto count_errors = [&seen](const eddy::ExceptionContext& context) {
    if (context.exception) ++seen;
  };
  const auto fails = [&]() -> eddy::Task<> {
    co_await eddy::sleep(1s);
    ++thrown;
    throw std::runtime_error("lost");
  };
  const auto body = [&]() -> eddy::Task<> {
    CHECK(thrown == seen);
    thrown = seen = 0;
    eddy::get_running_loop().set_exception_handler(count_errors);
    eddy::create_task(fails());
    auto kept = eddy::create_task(fails());
    co_await eddy::sleep(1s);
    try {
      co_await kept;
    } catch (const std::runtime_error&) {
      ++seen;
    }
    co_await eddy::sleep(1s);
  };
  for (std::uint64_t seed = 0; seed < 7; ++seed) CHECK(for_each_cancellation_point(body, {.seed = seed}) > 0);
  CHECK(thrown == seen);
}
