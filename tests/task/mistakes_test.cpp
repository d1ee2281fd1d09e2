// The classic mistakes, and what is seen of each. The compilers see more of them: tests/compile_fail/forgotten.cpp and others.
//
//   a forgotten co_await, the result dropped      a warning with a sentence: compile_fail/forgotten.cpp
//   a forgotten co_return                         clang warns; with g++ a RuntimeError that names the coroutine's last line
//   a temporary for a reference parameter         T&& is refused, T& too unless std::ref is given; const T& is gone when the task
//                                                 starts: give create_task the function and the argument
//   a lambda coroutine with captures, called      its captures die with it: give create_task the lambda itself
//   sleep_for, a mutex, a long computation        in debug mode a report with the task's name and the time
//   a task that fails and that nobody awaits      a report with the task's name and the error, without debug mode, too
//   create_task, call_soon from another thread    NoRunningLoop; in debug mode a RuntimeError that says what to use
//   a lock taken twice, a task awaited by itself  DeadlockError in tests, with the line; a RuntimeError with the task's name. On
//                                                 the real clock a report in debug mode: loop/slow_steps_standstill_test.cpp
//   a guard without a name                        clang and g++ from 13 warn: compile_fail/forgotten_permit.cpp
//
// SPDX-License-Identifier: MIT
#include "support/debug_reports.hpp"
#include "support/run.hpp"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <stdexcept>
#include <thread>

using namespace test;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }
std::string here(int line) { return std::string(__FILE__) + ':' + std::to_string(line); }

// The report of `task` that says `part`, or an empty one.
eddy::ExceptionContext report_with(const std::vector<eddy::ExceptionContext>& reports, const std::string& task,
                                   const std::string& part) {
  for (const eddy::ExceptionContext& report : reports) {
    if (report.task == task && has(report.message, part)) return report;
  }
  return {};
}

// How long a report says that a task ran; -1 if it does not.
double seconds_of(const std::string& message) {
  double seconds = -1;
  return std::sscanf(message.c_str(), "executing a task took %lf seconds; ", &seconds) == 1 ? seconds : -1;
}

template <class F>
std::string deadlock_of(F body) {
  try {
    run_virtual(body);
  } catch (const eddy::DeadlockError& error) {
    return error.what();
  }
  return "no deadlock";
}

eddy::Task<> fails() {
  co_await eddy::yield();
  throw std::runtime_error("no such host");
}

}  // namespace

#if !defined(__clang__)  // which warns, and takes the end of such a coroutine for unreachable
namespace {

eddy::Task<int> without_value(bool early) {
  co_await eddy::yield();
  if (early) co_return 1;
}

}  // namespace

EDDY_TEST_CASE("a coroutine that ends without its co_return throws, and says where it was last") {
  const int line = __LINE__ - 7;
  const std::string sentence = "the coroutine that was last at " + here(line) + " ended without a co_return";
  std::vector<std::string> texts;
  auto note = [&texts](eddy::Task<int> task) -> eddy::Task<> {
    try {
      (void)co_await task;
      texts.emplace_back("nothing was thrown");
    } catch (const eddy::RuntimeError& error) {
      texts.emplace_back(error.what());
    }
  };
  auto through_handle = []() -> eddy::Task<int> { co_return co_await eddy::create_task(without_value(false)); };
  auto through_gather = []() -> eddy::Task<int> {
    const auto [first, second] = co_await eddy::gather(without_value(true), without_value(false));
    co_return first + second;
  };
  auto through_timeout = []() -> eddy::Task<int> { co_return co_await eddy::timeout(1s, without_value(false)); };
  co_await note(without_value(false));
  co_await note(through_handle());
  co_await note(through_gather());
  co_await note(through_timeout());
  CHECK(texts.size() == 4);
  for (const std::string& text : texts) CHECK(has(text, sentence));
  const int value = co_await without_value(true);
  CHECK(value == 1);
}
#endif

EDDY_TEST_CASE(
    "a temporary that a reference parameter refers to is gone before the task starts, unless the task owns it") {
  int alive_at_start = -1;
  auto look = [&alive_at_start](const Tracked&) -> eddy::Task<> {
    alive_at_start = Tracked::alive;
    co_return;
  };
  const auto dangling = eddy::create_task(look(Tracked()));
  co_await dangling;
  CHECK(alive_at_start == 0);
  const auto owned = eddy::create_task(look, Tracked());
  co_await owned;
  CHECK(alive_at_start == 1);
  CHECK(Tracked::alive == 0);
}

EDDY_TEST_CASE("the captures of a lambda coroutine die with the lambda, unless the task owns it") {
  int alive_at_start = -1;
  int* const result = &alive_at_start;  // apart from the closure, which is looked at by nobody
  const auto start = [](int* to) -> eddy::Task<> {
    *to = Tracked::alive;
    co_return;
  };
  auto make = [&start, result] {
    const auto lambda = [held = Tracked(), start, result] { return start(result); };
    return lambda();
  };
  co_await make();
  CHECK(alive_at_start == 0);
  {
    const auto lambda = [held = Tracked(), start, result]() -> eddy::Task<> { co_await start(result); };
    const auto handle = eddy::create_task(lambda);
    co_await handle;
    CHECK(alive_at_start == 2);  // the lambda's own, and the task's copy
  }
  CHECK(Tracked::alive == 0);
}

TEST_CASE("what blocks the loop is reported in debug mode with the task's name, the time and where it waits next",
          "[mistakes][real]") {
  const int line = __LINE__ + 3;
  const auto sleeper = []() -> eddy::Task<> {
    std::this_thread::sleep_for(10ms);
    co_await eddy::sleep(1s);
  };
  std::mutex mutex;
  const auto locker = [&mutex]() -> eddy::Task<> {
    std::atomic<bool> held = false;
    std::thread other([&] {
      const std::lock_guard guard(mutex);
      held = true;
      std::this_thread::sleep_for(10ms);
    });
    while (!held) std::this_thread::yield();
    { const std::lock_guard guard(mutex); }
    other.join();
    co_return;
  };
  const auto reports = reports_of(
      [&]() -> eddy::Task<> {
        co_await eddy::create_task(eddy::TaskOptions{.name = "sleeper"}, sleeper);
        co_await eddy::create_task(eddy::TaskOptions{.name = "locker"}, locker);
      },
      true);
  const eddy::ExceptionContext slept = report_with(reports, "sleeper", "now it waits for sleep at " + here(line));
  CHECK(seconds_of(slept.message) >= 0.010);
  const eddy::ExceptionContext locked = report_with(reports, "locker", " seconds; it has ended");
  CHECK(seconds_of(locked.message) >= 0.010);
}

TEST_CASE("a task that fails and that nobody awaits is reported, with its name and its error", "[mistakes]") {
  const bool debug = GENERATE(false, true);
  const auto reports = reports_of(
      []() -> eddy::Task<> {
        (void)eddy::create_task(fails(), {.name = "prefetch"});
        co_await eddy::sleep(1s);
      },
      debug);
  const eddy::ExceptionContext report = report_with(reports, "prefetch", "an exception of a task was never retrieved");
  REQUIRE(report.exception != nullptr);
  CHECK_THROWS_WITH(std::rethrow_exception(report.exception), "no such host");
}

TEST_CASE("a task without a name that fails and that nobody awaits is reported with its number and its line", "[mistakes]") {
  const int line = __LINE__ + 2;
  const auto fails_here = []() -> eddy::Task<> {
    co_await eddy::yield();
    throw std::runtime_error("boom");
  };
  for (const bool debug : {false, true}) {
    const auto reports = reports_of(
        [&]() -> eddy::Task<> {
          (void)eddy::create_task(fails_here());
          co_await eddy::sleep(1s);
        },
        debug);
    REQUIRE(reports.size() == 1);
    CHECK(reports[0].message == "an exception of a task was never retrieved");
    CHECK(reports[0].task == "Task-1, last at " + here(line));
  }
}

TEST_CASE("another thread has no loop of its own, and debug mode sees it touch one", "[mistakes][real]") {
  std::string created;
  std::string called;
  const auto reports = reports_of(
      [&]() -> eddy::Task<> {
        eddy::EventLoop& loop = eddy::get_running_loop();
        std::thread([&] {
          try {
            (void)eddy::create_task(fails());
          } catch (const eddy::NoRunningLoop& error) {
            created = error.what();
          }
          try {
            loop.call_soon([] {});
          } catch (const eddy::RuntimeError& error) {
            called = error.what();
          }
        }).join();
        co_return;
      },
      true);
  CHECK(created == "create_task(): no event loop is running in this thread; start one with eddy::run(task)");
  CHECK(has(called, "touched from another thread; use call_soon_threadsafe or run_coroutine_threadsafe"));
}

TEST_CASE("who waits for himself is told what he waits for, and at which line", "[mistakes]") {
  const int line = __LINE__ + 4;
  const std::string of_lock = deadlock_of([]() -> eddy::Task<> {
    eddy::Lock lock;
    const auto outer = co_await lock.scoped();
    const auto inner = co_await lock.scoped();
  });
  CHECK(has(of_lock, "deadlock: nothing can ever run again"));
  CHECK(has(of_lock, "waits for a lock at " + here(line)));

  const std::string of_queue = deadlock_of([]() -> eddy::Task<> {
    eddy::Queue<int> queue;
    queue.put_nowait(1);
    co_await queue.join();
  });
  CHECK(has(of_queue, "waits for a queue's items to be done at " + here(__LINE__ - 2)));
}

TEST_CASE("a loop that can never run again says in run_forever, too, who waits where", "[mistakes]") {
  eddy::testing::VirtualClock clock;
  eddy::EventLoop loop(&clock);
  eddy::Event never;
  loop.call_soon([&never] {
    auto waits = [](eddy::Event& event) -> eddy::Task<> { co_await event.wait(); };
    (void)eddy::create_task(waits(never), {.name = "watcher"});
  });
  std::string text;
  try {
    loop.run_forever();
  } catch (const eddy::DeadlockError& error) {
    text = error.what();
  }
  CHECK(has(text, "watcher waits for an event at " + here(__LINE__ - 9)));
  loop.call_soon([&] {
    for (const eddy::TaskRef& task : eddy::all_tasks()) task.cancel();
    loop.stop();
  });
  loop.run_forever();
  loop.call_soon([&] { loop.stop(); });
  loop.run_forever();
}

EDDY_TEST_CASE("a guard that has no name is gone at the end of its statement") {
  eddy::Lock lock;
  eddy::Semaphore semaphore(1);
  (void)co_await lock.scoped();
  (void)co_await semaphore.scoped();
  CHECK_FALSE(lock.locked());
  CHECK_FALSE(semaphore.locked());
  const auto guard = co_await lock.scoped();
  const auto permit = co_await semaphore.scoped();
  CHECK(lock.locked());
  CHECK(semaphore.locked());
}
