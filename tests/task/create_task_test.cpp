// Tests of eddy/task/create_task.hpp: when a task starts, who owns it, what it is made from, when it is reported.
// SPDX-License-Identifier: MIT
#include <eddy/task/create_task.hpp>

#include "support/work.hpp"

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using test::append;

namespace {

using Log = std::vector<std::string>;

eddy::Task<int> give(int n) {
  co_await eddy::sleep(1s);
  co_return n;
}
eddy::Task<int> fail(std::string text) {
  co_await eddy::sleep(1s);
  throw std::runtime_error(text);
}
eddy::Task<int> add(int a, std::unique_ptr<int> b, std::string c) {
  co_await eddy::yield();
  co_return a + *b + static_cast<int>(c.size());
}
eddy::Task<> increment(int& number) {
  co_await eddy::yield();
  ++number;
}

}  // namespace

EDDY_LOOP_TEST_CASE("create_task never runs the body inside the call; tasks start in the order of the calls",
                    "[task][order]") {
  Log log;
  test::run_virtual([&]() -> eddy::Task<> {
    auto first = eddy::create_task(append(log, "first"));
    auto second = eddy::create_task(append(log, "second"));
    eddy::get_running_loop().call_soon([&] { log.push_back("callback"); });
    auto third = eddy::create_task(append(log, "third"));
    log.push_back("creator");
    co_await third;
  });
  CHECK(log == Log{"creator", "first", "second", "callback", "third"});
}

EDDY_LOOP_TEST_CASE("a task that is created while a pass runs starts in the next one", "[task][c324][order]") {
  Log log;
  const auto outer = [&]() -> eddy::Task<> {
    log.push_back("outer");
    auto inner = eddy::create_task(append(log, "inner"));
    co_await inner;
  };
  test::run_virtual([&]() -> eddy::Task<> {
    auto first = eddy::create_task(outer());
    auto second = eddy::create_task(append(log, "second"));
    co_await first;
    co_await second;
  });
  CHECK(log == Log{"outer", "second", "inner"});
}

EDDY_LOOP_TEST_CASE("a task whose handle was dropped runs to its end", "[task][c45]") {
  Log log;
  const auto body = [&](test::Tracked) -> eddy::Task<> {
    co_await eddy::sleep(1s);
    log.push_back("ended");
  };
  test::run_virtual([&]() -> eddy::Task<> {
    (void)eddy::create_task(body(test::Tracked()));
    co_await eddy::sleep(2s);
    CHECK(test::Tracked::alive == 0);
  });
  CHECK(log == Log{"ended"});
}

EDDY_TEST_CASE("a task whose handle was dropped fails: that is reported once, and nobody else fails", "[task][c45]") {
  (void)eddy::create_task(fail("lost"));
  co_await eddy::sleep(5s);
  const Log reports = test::take_reports();
  CHECK(reports == Log{"an exception of a task was never retrieved: lost"});
}

EDDY_TEST_CASE("an exception that nobody retrieved is reported when the last handle goes, not before", "[task][c45]") {
  auto handle = eddy::create_task(fail("lost"));
  auto copy = handle;
  co_await eddy::sleep(5s);
  CHECK(handle.done());
  CHECK_FALSE(handle.cancelled());
  CHECK(test::take_reports().empty());
  handle = {};
  CHECK(test::take_reports().empty());
  copy = {};
  CHECK(test::take_reports() == Log{"an exception of a task was never retrieved: lost"});
}

EDDY_LOOP_TEST_CASE("the report of an exception that nobody retrieved names the task", "[task][c45][c27]") {
  Log names;
  test::run_virtual([&]() -> eddy::Task<> {
    eddy::get_running_loop().set_exception_handler(
        [&](const eddy::ExceptionContext& context) { names.push_back(context.task); });
    (void)eddy::create_task(fail("lost"), {.name = "loser"});
    co_await eddy::sleep(5s);
  });
  CHECK(names == Log{"loser"});
}

EDDY_TEST_CASE("an exception that was retrieved in any way is not reported", "[task][c34]") {
  const auto awaits = [](eddy::TaskHandle<int> handle) -> eddy::Task<int> {
    try {
      co_return co_await handle;
    } catch (const std::runtime_error&) {
      co_return -1;
    }
  };
  {
    auto awaited = eddy::create_task(fail("awaited"));
    const int caught = co_await awaits(awaited);
    CHECK(caught == -1);
    auto asked = eddy::create_task(fail("asked"));
    auto looked_at = eddy::create_task(fail("looked at"));
    co_await eddy::sleep(2s);
    CHECK_THROWS_AS(asked.result(), std::runtime_error);
    CHECK(looked_at.exception() != nullptr);
  }
  CHECK(test::take_reports().empty());
}

EDDY_TEST_CASE("a cancelled task is not reported", "[task][c34]") {
  {
    auto stopped = eddy::create_task(give(1));
    auto never_started = eddy::create_task(give(2));
    never_started.cancel();
    const auto left = []() -> eddy::Task<> {
      co_await eddy::yield();
      throw eddy::CancelledError("by somebody");
    };
    auto left_by_cancelled_error = eddy::create_task(left());
    co_await eddy::sleep(100ms);
    stopped.cancel();
    co_await eddy::sleep(1s);
    CHECK(stopped.cancelled());
    CHECK(never_started.cancelled());
    CHECK(left_by_cancelled_error.cancelled());
  }
  CHECK(test::take_reports().empty());
}

EDDY_TEST_CASE("create_task keeps a function and its arguments alive, moved or copied", "[task]") {
  eddy::TaskHandle<int> sum, counted;
  {
    sum = eddy::create_task(add, 1, std::make_unique<int>(2), "three");
    std::string text = "captured, and long enough to be allocated";
    auto closure = [text](int n) -> eddy::Task<int> {
      co_await eddy::sleep(1s);
      co_return n + static_cast<int>(text.size());
    };
    counted = eddy::create_task(closure, 1);
  }
  const int eight = co_await sum;
  CHECK(eight == 8);
  const int length = co_await counted;
  CHECK(length == 42);
}

EDDY_LOOP_TEST_CASE("create_task passes a reference that is given as std::ref", "[task]") {
  int number = 1;
  test::run_virtual([&]() -> eddy::Task<> {
    co_await eddy::create_task(increment, std::ref(number));
    co_await eddy::create_task({.name = "named"}, increment, std::ref(number));
  });
  CHECK(number == 3);
}

EDDY_TEST_CASE("create_task of a function gives it the name that the options say", "[task][c27]") {
  auto handle = eddy::create_task({.name = "giver"}, give, 4);
  CHECK(handle.name() == "giver");
  const int four = co_await handle;
  CHECK(four == 4);
}

EDDY_TEST_CASE("the name in the options is read during the call only", "[task][c27][order]") {
  std::string name = "a name that is long enough to be allocated on the heap";
  const std::string copy = name;
  auto handle = eddy::create_task(give(1), {.name = name});
  name.assign(name.size(), 'x');
  CHECK(handle.name() == copy);
  handle.cancel();
  co_return;
}

TEST_CASE("create_task outside a loop throws NoRunningLoop, and the task is destroyed unrun", "[task][c26]") {
  Log log;
  const auto body = [&](test::Tracked) -> eddy::Task<> {
    log.push_back("ran");
    co_return;
  };
  CHECK_THROWS_AS(eddy::create_task(body(test::Tracked())), eddy::NoRunningLoop);
  CHECK(test::Tracked::alive == 0);
  CHECK(log.empty());
}

EDDY_TEST_CASE("create_task of a Task that is empty throws, and leaves no half-registered task", "[task][c24]") {
  eddy::Task<int> task = give(1);
  auto handle = eddy::create_task(std::move(task));
  CHECK(eddy::all_tasks().size() == 2);
  CHECK_THROWS_AS(eddy::create_task(std::move(task)), eddy::InvalidStateError);
  CHECK_THROWS_AS(eddy::create_task(eddy::Task<>()), eddy::InvalidStateError);
  CHECK(eddy::all_tasks().size() == 2);
  const int one = co_await handle;
  CHECK(one == 1);
}

EDDY_LOOP_TEST_CASE("a hundred thousand tasks that are created at once all run, in order", "[task][c40][order][large]") {
  int next = 0;
  bool in_order = true;
  const auto body = [&](int i) -> eddy::Task<> {
    in_order = in_order && i == next;
    ++next;
    co_return;
  };
  test::run_virtual([&]() -> eddy::Task<> {
    for (int i = 0; i < 100'000; ++i) (void)eddy::create_task(body(i));
    co_await eddy::yield();
    CHECK(next == 100'000);
  });
  CHECK(in_order);
}

EDDY_LOOP_TEST_CASE("each task creates the next, a hundred thousand times, on a flat stack", "[task][c40][large]") {
  struct Chain {
    static eddy::Task<> link(int left, int& ended) {
      ++ended;
      if (left > 0) (void)eddy::create_task(link(left - 1, ended));
      co_return;
    }
  };
  int ended = 0;
  test::run_virtual([&]() -> eddy::Task<> {
    (void)eddy::create_task(Chain::link(100'000, ended));
    while (ended < 100'001) co_await eddy::yield();
  });
  CHECK(ended == 100'001);
}

EDDY_TEST_CASE("tasks that start each other eagerly nest 32 deep, and what is deeper is queued") {
  static int deepest;  // the tasks may outlive this test, if that is stopped
  struct Nest {
    static eddy::Task<> start(int depth) {
      deepest = depth;
      if (depth == 100) co_return;
      auto next = eddy::create_task(eddy::TaskOptions{.eager_start = true}, start, depth + 1);
      co_await next;
    }
  };
  for (int i = 0; i < 2; ++i) {  // what was nested is over
    deepest = 0;
    auto first = eddy::create_task(eddy::TaskOptions{.eager_start = true}, Nest::start, 1);
    CHECK(deepest == 32);
    co_await first;
    CHECK(deepest == 100);
  }
}
