// Tests of eddy/task/run.hpp: what run gives, how it ends what is left, deadlocks, options. What would end or leak the
// test program itself is in run_in_child_process_test.cpp.
// SPDX-License-Identifier: MIT
#include "support/work.hpp"

#include <eddy/task/run.hpp>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using test::append;

namespace {

using Log = std::vector<std::string>;

eddy::Task<> wait_for_ever() { co_await eddy::sleep(std::chrono::hours::max()); }
// Waits for ever; says so when it is stopped.
eddy::Task<> leftover(Log& log, std::string name) {
  const test::OnExit at_exit(log, name);
  co_await wait_for_ever();
}

// Runs `body` on a virtual clock and gives the text of the DeadlockError that it ends with.
template <class F>
std::string deadlock_of(F body) {
  try {
    test::run_virtual(std::move(body));
  } catch (const eddy::DeadlockError& e) {
    return e.what();
  }
  return "no deadlock";
}

Log reported;
void record_report(const eddy::ExceptionContext& context) {
  if (context.message.rfind("executing a ", 0) == 0) return;  // debug mode on a machine that is slow
  reported.push_back(context.message + ": " + eddy::detail::describe_exception(context.exception));
}

}  // namespace

TEST_CASE("run gives main's value, of any kind", "[task][c36]") {
  int number = 1;
  const auto nothing = []() -> eddy::Task<> { co_return; };
  const auto value = []() -> eddy::Task<int> { co_return 42; };
  const auto pointer = []() -> eddy::Task<std::unique_ptr<int>> { co_return std::make_unique<int>(7); };
  const auto reference = [&]() -> eddy::Task<int&> { co_return number; };
  eddy::run(nothing());
  CHECK(eddy::run(value()) == 42);
  CHECK(*eddy::run(pointer()) == 7);
  CHECK(&eddy::run(reference()) == &number);
}

TEST_CASE("run throws what main throws, and that is not reported as well", "[task][c34]") {
  const auto fails = []() -> eddy::Task<int> {
    co_await eddy::yield();
    throw std::out_of_range("main failed");
  };
  reported.clear();
  CHECK_THROWS_AS(eddy::run(fails(), {.on_exception = &record_report}), std::out_of_range);
  CHECK(reported.empty());
}

TEST_CASE("run takes a function and its arguments, and keeps both alive", "[task]") {
  const auto add = [](int a, std::unique_ptr<int> b, std::string c) -> eddy::Task<int> {
    co_await eddy::yield();
    co_return a + *b + static_cast<int>(c.size());
  };
  CHECK(eddy::run(add, 1, std::make_unique<int>(2), "three") == 8);
  int number = 1;
  const auto increment = [](int& n) -> eddy::Task<> {
    ++n;
    co_return;
  };
  eddy::run(increment, std::ref(number));
  CHECK(number == 2);
}

TEST_CASE("run of an empty Task throws InvalidStateError", "[task][c35]") {
  CHECK_THROWS_AS(eddy::run(eddy::Task<>()), eddy::InvalidStateError);
  auto task = wait_for_ever();
  const auto moved = std::move(task);
  CHECK_THROWS_AS(eddy::run(std::move(task)), eddy::InvalidStateError);
}

EDDY_LOOP_TEST_CASE("run inside a running loop throws, says what to do, and destroys its task unrun",
                    "[task][c329][c336]") {
  Log log;
  const auto inner = [&](test::Tracked) -> eddy::Task<> {
    log.push_back("ran");
    co_return;
  };
  test::run_virtual([&]() -> eddy::Task<> {
    std::string error;
    try {
      eddy::run(inner(test::Tracked()));
    } catch (const eddy::RuntimeError& e) {
      error = e.what();
    }
    CHECK(error.find("co_await") != std::string::npos);
    CHECK(test::Tracked::alive == 0);
    int from_callback = 0;
    eddy::get_running_loop().call_soon([&] {
      try {
        eddy::run(inner(test::Tracked()));
      } catch (const eddy::RuntimeError&) {
        ++from_callback;
      }
    });
    co_await eddy::sleep(1s);  // the outer loop is unharmed
    CHECK(from_callback == 1);
    CHECK(eddy::get_running_loop().is_running());
  });
  CHECK(log.empty());
  eddy::run(append(log, "afterwards"));
  CHECK(log == Log{"afterwards"});
}

TEST_CASE("each thread may run a loop of its own at the same time", "[task][real][c329]") {
  int results[2] = {0, 0};
  const auto body = [](int n) -> eddy::Task<int> {
    for (int i = 0; i < 10; ++i) co_await eddy::sleep(1ms);
    co_return n;
  };
  std::thread first([&] { results[0] = eddy::run(body(1)); });
  std::thread second([&] { results[1] = eddy::run(body(2)); });
  first.join();
  second.join();
  CHECK(results[0] == 1);
  CHECK(results[1] == 2);
}

EDDY_LOOP_TEST_CASE("what main left behind is cancelled and waited for before run returns",
                    "[task][c47][c334][order]") {
  Log log;
  eddy::testing::VirtualClock clock;
  const auto cleans_up = [&]() -> eddy::Task<> {
    const auto cleanup = [&]() -> eddy::Task<> {
      co_await eddy::sleep(24h);  // on the clock of the loop: the grace is real time
      log.push_back("cleaned up");
    };
    co_await eddy::try_finally(wait_for_ever(), cleanup());
  };
  const int value = test::run_virtual(
      [&]() -> eddy::Task<int> {
        (void)eddy::create_task(leftover(log, "first"));
        (void)eddy::create_task(leftover(log, "second"));
        (void)eddy::create_task(cleans_up());
        co_await eddy::yield();
        co_return 1;
      },
      clock);
  CHECK(value == 1);
  CHECK(log == Log{"first", "second", "cleaned up"});
  CHECK(clock.elapsed() == 24h);
}

EDDY_LOOP_TEST_CASE("a task that is created while leftovers end never runs", "[task][c2][c334][order]") {
  Log log;
  test::run_virtual([&]() -> eddy::Task<> {
    const auto creates_another = [&]() -> eddy::Task<> {
      const auto cleanup = [&]() -> eddy::Task<> {
        (void)eddy::create_task(append(log, "ran"));
        co_await eddy::sleep(1s);
        log.push_back("cleaned up");
      };
      co_await eddy::try_finally(eddy::sleep(1h), cleanup());
    };
    (void)eddy::create_task(creates_another());
    co_await eddy::yield();
  });
  CHECK(log == Log{"cleaned up"});
}

EDDY_LOOP_TEST_CASE("leftovers are ended also when main throws or is cancelled", "[task][c334]") {
  Log log;
  CHECK_THROWS_AS(test::run_virtual([&]() -> eddy::Task<> {
                    (void)eddy::create_task(leftover(log, "left by a throw"));
                    co_await eddy::yield();
                    throw std::runtime_error("main failed");
                  }),
                  std::runtime_error);
  CHECK_THROWS_AS(test::run_virtual([&]() -> eddy::Task<> {
                    (void)eddy::create_task(leftover(log, "left by a cancel"));
                    co_await eddy::yield();
                    (void)eddy::current_task().cancel();
                    co_await eddy::yield();
                  }),
                  eddy::CancelledError);
  CHECK(log == Log{"left by a throw", "left by a cancel"});
}

TEST_CASE("what a leftover throws while it is ended is reported, and run returns main's value", "[task][c75]") {
  const auto cleanup = []() -> eddy::Task<> {
    co_await eddy::yield();
    throw std::runtime_error("cleanup failed");
  };
  const auto body = [&]() -> eddy::Task<> { co_await eddy::try_finally(wait_for_ever(), cleanup()); };
  const auto main = [&]() -> eddy::Task<int> {
    (void)eddy::create_task(body());
    co_await eddy::yield();
    co_return 3;
  };
  reported.clear();
  CHECK(eddy::run(main(), {.on_exception = &record_report}) == 3);
  CHECK(reported == Log{"an exception of a task was never retrieved: cleanup failed"});
}

EDDY_LOOP_TEST_CASE("a task that is created while leftovers end is cancelled before its first step", "[task][c335]") {
  Log log;
  struct Spawns {
    explicit Spawns(Log& target) : log(target) {}
    Spawns(const Spawns&) = delete;
    Spawns& operator=(const Spawns&) = delete;
    ~Spawns() {
      auto handle = eddy::create_task(append(log, "from a destructor"));
      handle.add_done_callback([this_log = &log](const eddy::TaskHandle<>& done) {
        this_log->push_back(done.cancelled() ? "cancelled" : "not cancelled");
      });
    }
    Log& log;
  };
  const auto spawns_at_the_end = [&]() -> eddy::Task<> {
    const Spawns spawns(log);
    co_await wait_for_ever();
  };
  const auto cleanup = [&]() -> eddy::Task<> {
    co_await eddy::yield();
    (void)eddy::create_task(append(log, "from a cleanup"));
  };
  const auto spawns_in_cleanup = [&]() -> eddy::Task<> { co_await eddy::try_finally(wait_for_ever(), cleanup()); };
  test::run_virtual([&]() -> eddy::Task<> {
    (void)eddy::create_task(spawns_at_the_end());
    (void)eddy::create_task(spawns_in_cleanup());
    co_await eddy::yield();
  });
  CHECK(log == Log{"cancelled"});
}

EDDY_LOOP_TEST_CASE("a destructor that wakes and cancels others while leftovers end does no harm",
                    "[task][c335][order]") {
  Log log;
  test::run_virtual([&]() -> eddy::Task<> {
    const auto future = eddy::get_running_loop().create_future<int>();
    struct Wakes {
      Wakes(eddy::Future<int> f, eddy::TaskHandle<> t) : future(std::move(f)), victim(std::move(t)) {}
      Wakes(const Wakes&) = delete;
      Wakes& operator=(const Wakes&) = delete;
      ~Wakes() {
        future.set_result_unless_done(1);
        victim.cancel();
        eddy::get_running_loop().call_soon([] {});
      }
      eddy::Future<int> future;
      eddy::TaskHandle<> victim;
    };
    auto victim = eddy::create_task(leftover(log, "victim"));
    const auto waker = [](eddy::Future<int> f, eddy::TaskHandle<> t) -> eddy::Task<> {
      const Wakes wakes(f, t);
      co_await wait_for_ever();
    };
    const auto waiter = [](eddy::Future<int> f, Log& target) -> eddy::Task<> {
      const test::OnExit at_exit(target, "waiter");
      co_await f;
    };
    (void)eddy::create_task(waker, future, victim);
    (void)eddy::create_task(waiter, future, std::ref(log));
    co_await eddy::yield();
  });
  CHECK(log.size() == 2);
}

TEST_CASE("with a grace of zero leftovers that stop without waiting end, too", "[task][real][c334]") {
  Log log;
  const auto main = [&]() -> eddy::Task<int> {
    const auto children = [&]() -> eddy::Task<> { co_await eddy::gather(leftover(log, "one"), leftover(log, "two")); };
    (void)eddy::create_task(children());
    co_await eddy::sleep(1ms);
    co_return 5;
  };
  CHECK(eddy::run(main(), {.grace = 0s}) == 5);
  CHECK(log.size() == 2);
}

EDDY_LOOP_TEST_CASE("tasks that await each other in a cycle never end by a cancel; the end of run breaks them",
                    "[task]") {
  Log log;
  eddy::testing::VirtualClock clock;
  const auto awaits = [](eddy::TaskHandle<>* other, Log& target, std::string name) -> eddy::Task<> {
    const test::OnExit at_exit(target, name + " left");
    co_await eddy::sleep(1s);
    co_await *other;
  };
  eddy::TaskHandle<> first, second;
  test::run_virtual(
      [&]() -> eddy::Task<> {
        first = eddy::create_task(awaits(&second, log, "first"));
        second = eddy::create_task(awaits(&first, log, "second"));
        co_await eddy::sleep(2s);
        first.cancel();
        co_await eddy::sleep(1h);
        CHECK_FALSE(first.done());
        CHECK_FALSE(second.done());
      },
      clock);
  CHECK(first.cancelled());
  CHECK(second.cancelled());
  CHECK(log.size() == 2);
  CHECK(clock.elapsed() == 1h + 2s);
}

TEST_CASE("a cycle of awaiting tasks is broken on real time, too", "[task][real]") {
  eddy::TaskHandle<> first, second;
  const auto awaits = [](eddy::TaskHandle<>* other) -> eddy::Task<> {
    co_await eddy::yield();
    co_await *other;
  };
  const auto main = [&]() -> eddy::Task<int> {
    first = eddy::create_task(awaits(&second));
    second = eddy::create_task(awaits(&first));
    co_await eddy::sleep(1ms);
    co_return 5;
  };
  const auto start = std::chrono::steady_clock::now();
  CHECK(eddy::run(main(), {.grace = 20s}) == 5);
  CHECK(std::chrono::steady_clock::now() - start < 10s);  // it does not wait for the grace to end
  CHECK(first.cancelled());
  CHECK(second.cancelled());
}

TEST_CASE("debug mode names the tasks that awaited each other, with the line of each await", "[task]") {
  eddy::testing::VirtualClock clock;
  eddy::TaskHandle<> first, second;
  const int line = __LINE__ + 3;
  const auto awaits = [](eddy::TaskHandle<>* other) -> eddy::Task<> {
    co_await eddy::yield();
    co_await *other;
  };
  const auto main = [&]() -> eddy::Task<> {
    first = eddy::create_task(eddy::TaskOptions{.name = "first"}, awaits, &second);
    second = eddy::create_task(eddy::TaskOptions{.name = "second"}, awaits, &first);
    co_await eddy::sleep(1s);
  };
  reported.clear();
  eddy::run(main(), {.clock = &clock, .debug = true, .on_exception = &record_report});
  const std::string where = " waits for a task at " + std::string(__FILE__) + ':' + std::to_string(line);
  REQUIRE(reported.size() == 2);
  CHECK(reported[0].find("the main task ended while these were left, which are cancelled") == 0);
  CHECK(reported[1].find("tasks that awaited each other were stopped by force\n") == 0);
  for (const std::string& report : reported) {
    CHECK(report.find("first" + where) != std::string::npos);
    CHECK(report.find("second" + where) != std::string::npos);
  }
  CHECK(first.cancelled());
  CHECK(second.cancelled());

  reported.clear();
  eddy::run(main(), {.clock = &clock, .on_exception = &record_report});
  CHECK(reported.empty());  // without debug mode nothing is said
}

TEST_CASE("a deadlock on a virtual clock is an error that names who waits, for what, and where", "[task]") {
  Log log;
  const std::string text = deadlock_of([&]() -> eddy::Task<> {
    const auto never = eddy::get_running_loop().create_future<>();
    const auto helper = [](eddy::Future<> future) -> eddy::Task<> { co_await future; };
    (void)eddy::create_task(helper(never), {.name = "helper"});
    const test::OnExit at_exit(log, "main unwound");
    co_await never;
  });
  CHECK(text.find("deadlock") != std::string::npos);
  CHECK(text.find("main waits for a future at ") != std::string::npos);
  CHECK(text.find("helper waits for a future at ") != std::string::npos);
  CHECK(text.find("run_test.cpp:") != std::string::npos);
  CHECK(log == Log{"main unwound"});
}

TEST_CASE("the deadlock report gives the whole chain of awaits, with its lines", "[task]") {
  unsigned inner_line = 0, outer_line = 0;
  const std::string text = deadlock_of([&]() -> eddy::Task<> {
    const auto never = eddy::get_running_loop().create_future<>();
    const auto inner = [&]() -> eddy::Task<> {
      inner_line = __LINE__ + 1;
      co_await never;
    };
    outer_line = __LINE__ + 1;
    co_await inner();
  });
  CHECK(text.find("run_test.cpp:" + std::to_string(inner_line) + " < ") != std::string::npos);
  CHECK(text.find("run_test.cpp:" + std::to_string(outer_line)) != std::string::npos);
}

TEST_CASE("a deadlock of tasks that await each other is an error as well", "[task]") {
  eddy::TaskHandle<> first, second;
  const auto awaits = [](eddy::TaskHandle<>* other) -> eddy::Task<> { co_await *other; };
  const std::string text = deadlock_of([&]() -> eddy::Task<> {
    first = eddy::create_task(awaits(&second), {.name = "first"});
    second = eddy::create_task(awaits(&first), {.name = "second"});
    co_await first;
  });
  CHECK(text.find("first waits for a task") != std::string::npos);
  CHECK(text.find("second waits for a task") != std::string::npos);
}

EDDY_LOOP_TEST_CASE("main may clean up when it is cancelled by a deadlock, and what it then gives is kept", "[task]") {
  const int value = test::run_virtual([]() -> eddy::Task<int> {
    const auto never = eddy::get_running_loop().create_future<>();
    const auto waits = [&]() -> eddy::Task<> { co_await never; };
    auto task = eddy::create_task(waits());
    const auto cancels = [&]() -> eddy::Task<int> {
      eddy::get_running_loop().call_soon([&] { task.cancel(); });
      try {
        co_await task;
      } catch (const eddy::CancelledError&) {
      }
      co_return 1;
    };
    co_return co_await cancels();
  });
  CHECK(value == 1);
}

EDDY_LOOP_TEST_CASE("a wait for ever with a timer still armed is no deadlock", "[task]") {
  eddy::testing::VirtualClock clock;
  test::run_virtual(
      []() -> eddy::Task<> {
        const auto future = eddy::get_running_loop().create_future<>();
        eddy::get_running_loop().call_later(24h, [&] { future.set_result(); });
        co_await future;
      },
      clock);
  CHECK(clock.elapsed() == 24h);
}

EDDY_LOOP_TEST_CASE("a wait for another thread that holds the loop is no deadlock", "[task][real]") {
  std::thread thread;
  test::run_virtual([&]() -> eddy::Task<> {
    eddy::EventLoop& loop = eddy::get_running_loop();
    const auto future = loop.create_future<>();
    const eddy::LoopHold hold = loop.hold();
    thread = std::thread([&] {
      std::this_thread::sleep_for(20ms);
      loop.call_soon_threadsafe([&] { future.set_result(); });
    });
    co_await future;
    thread.join();
  });
  CHECK_FALSE(thread.joinable());
}

TEST_CASE("run can be called again and again; each time with a new loop", "[task]") {
  const auto body = [](int n) -> eddy::Task<int> {
    co_await eddy::sleep(0s);
    co_return n;
  };
  for (int i = 0; i < 100; ++i) CHECK(eddy::run(body(i)) == i);
}

TEST_CASE("the options say who is told of exceptions that nobody takes", "[task][c326]") {
  const auto body = []() -> eddy::Task<> {
    eddy::get_running_loop().call_soon([] { throw std::runtime_error("from a callback"); });
    co_await eddy::yield();
  };
  reported.clear();
  eddy::run(body(), {.on_exception = &record_report});
  CHECK(reported == Log{"a callback threw an exception: from a callback"});
}

TEST_CASE("the options switch debug mode on", "[task]") {
  const auto body = []() -> eddy::Task<bool> { co_return eddy::get_running_loop().get_debug(); };
  CHECK(eddy::run(body(), {.debug = true}));
}

TEST_CASE("in debug mode a task that is cancelled from another thread is refused with a sentence", "[task][real]") {
  const auto body = []() -> eddy::Task<> {
    auto task = eddy::create_task(wait_for_ever());
    co_await eddy::yield();
    std::string error;
    std::thread([&] {
      try {
        task.cancel();
      } catch (const eddy::RuntimeError& e) {
        error = e.what();
      }
    }).join();
    CHECK(error.find("another thread") != std::string::npos);
    CHECK(task.cancelling() == 0);
    task.cancel();
    co_await eddy::yield();
    CHECK(task.cancelled());
  };
  eddy::run(body(), {.debug = true});
}

EDDY_TEST_CASE("main is a task like any other: it has a name and is in all_tasks", "[task][c27]") {
  CHECK(eddy::current_task().name() == "main");
  CHECK(eddy::all_tasks().size() == 1);
  CHECK(eddy::all_tasks().front() == eddy::current_task());
  co_return;
}

EDDY_LOOP_TEST_CASE("leftovers that are reached by a chain of handles end, in whatever order they were made",
                    "[task][c47]") {
  Log log;
  test::run_virtual([&]() -> eddy::Task<> {
    eddy::TaskHandle<> last = eddy::create_task(leftover(log, "innermost"));
    const auto awaits = [](eddy::TaskHandle<> inner, test::Tracked) -> eddy::Task<> { co_await inner; };
    for (int i = 0; i < 1'000; ++i) last = eddy::create_task(awaits(last, test::Tracked()));
    co_await eddy::yield();
  });
  CHECK(log == Log{"innermost"});
  CHECK(test::Tracked::alive == 0);
}

TEST_CASE("a task that main creates in its last turn has its first one, and is then cancelled", "[task][order]") {
  Log log;
  const auto background = [](Log& lines) -> eddy::Task<> {
    const test::OnExit at_exit(lines, "left");
    lines.push_back("started");
    co_await eddy::sleep(1h);
    lines.push_back("slept");
  };
  const auto body = [&]() -> eddy::Task<> {
    (void)eddy::create_task(background(log));
    log.push_back("main ends");
    co_return;
  };
  eddy::testing::VirtualClock clock;
  eddy::RunOptions options;
  options.clock = &clock;
  eddy::run(body(), options);
  CHECK(log == Log{"main ends", "started", "left"});
}
