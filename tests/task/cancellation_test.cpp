// Tests of eddy/task/cancellation.hpp: what cancel() does to a task, wherever it stands.
// SPDX-License-Identifier: MIT
#include <eddy/task/cancellation.hpp>

#include "support/run.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace {

using Log = std::vector<std::string>;

eddy::Task<> wait_for_ever() { co_await eddy::sleep(std::chrono::hours::max()); }

// Waits; says so when it is left, and how.
eddy::Task<> waiting(Log& log, std::string name) {
  const test::OnExit at_exit(log, name + " left");
  co_await eddy::sleep(1h);
  log.push_back(name + " slept");
}

template <class T>
eddy::Task<std::string> outcome_of(eddy::TaskHandle<T> handle) {
  try {
    co_await handle;
  } catch (const eddy::CancelledError& e) {
    co_return "cancelled: " + e.reason();
  } catch (const std::exception& e) {
    co_return std::string("failed: ") + e.what();
  }
  co_return "value";
}

}  // namespace

EDDY_LOOP_TEST_CASE(
    "a task that is cancelled before its first step never runs its body, and its arguments are destroyed",
    "[task][c2]") {
  Log log;
  const auto body = [&](test::Tracked) -> eddy::Task<> {
    log.push_back("ran");
    co_return;
  };
  test::run_virtual([&]() -> eddy::Task<> {
    auto task = eddy::create_task(body(test::Tracked()));
    CHECK(task.cancel("too early"));
    CHECK_FALSE(task.done());
    CHECK(test::Tracked::alive == 1);
    const std::string outcome = co_await outcome_of(task);
    CHECK(outcome == "cancelled: too early");
    CHECK(task.cancelled());
    CHECK(test::Tracked::alive == 0);
  });
  CHECK(log.empty());
}

EDDY_TEST_CASE("awaiting a task that somebody cancelled throws CancelledError in the waiter, who may catch it",
               "[task][c4]") {
  auto task = eddy::create_task(wait_for_ever());
  co_await eddy::yield();
  task.cancel();
  bool caught = false;
  try {
    co_await task;
  } catch (const eddy::CancelledError&) {
    caught = true;
  }
  CHECK(caught);
  CHECK(eddy::current_task().cancelling() == 0);
  co_await eddy::sleep(1s);  // and waits on as before
}

EDDY_TEST_CASE("a waiter that does not catch the CancelledError of another's cancel ends as cancelled itself",
               "[task][c4]") {
  auto task = eddy::create_task(wait_for_ever());
  const auto waits = [&]() -> eddy::Task<> { co_await task; };
  auto waiter = eddy::create_task(waits());
  co_await eddy::yield();
  task.cancel("inner");
  const std::string outcome = co_await outcome_of(waiter);
  CHECK(outcome == "cancelled: inner");
  CHECK(waiter.cancelled());
  CHECK(waiter.cancelling() == 0);
}

EDDY_TEST_CASE("a task that catches the CancelledError of what it awaits and returns is done, not cancelled",
               "[task][c5]") {
  auto inner = eddy::create_task(wait_for_ever());
  const auto body = [&]() -> eddy::Task<int> {
    try {
      co_await inner;
    } catch (const eddy::CancelledError&) {
      co_return 42;
    }
    co_return 0;
  };
  auto task = eddy::create_task(body());
  co_await eddy::yield();
  inner.cancel();
  const int value = co_await task;
  CHECK(value == 42);
  CHECK_FALSE(task.cancelled());
}

EDDY_LOOP_TEST_CASE("no handler sees a task's own cancel: catch (...) does not run, destructors do",
                    "[task][c5][c6][order]") {
  Log log;
  const auto body = [&]() -> eddy::Task<> {
    const test::OnExit at_exit(log, "destroyed");
    try {
      co_await eddy::sleep(1h);
      log.push_back("slept");
    } catch (...) {
      log.push_back("caught");
    }
    log.push_back("went on");
  };
  test::run_virtual([&]() -> eddy::Task<> {
    auto task = eddy::create_task(body());
    co_await eddy::yield();
    task.cancel();
    co_await eddy::yield();
    CHECK(task.cancelled());
  });
  CHECK(log == Log{"destroyed"});
}

EDDY_LOOP_TEST_CASE("a task that cancels itself is stopped at its next suspension, not inside cancel()",
                    "[task][c7][order]") {
  Log log;
  const auto body = [&]() -> eddy::Task<> {
    CHECK(eddy::current_task().cancel());
    log.push_back("after cancel()");
    CHECK(eddy::current_task().cancelling() == 1);
    CHECK_FALSE(eddy::current_task().done());
    co_await eddy::sleep(1s);
    log.push_back("never");
  };
  test::run_virtual([&]() -> eddy::Task<> {
    auto task = eddy::create_task(body());
    co_await eddy::yield();
    CHECK(task.cancelled());
  });
  CHECK(log == Log{"after cancel()"});
}

EDDY_TEST_CASE("a task that cancels itself and returns without blocking gives its value", "[task][c7][c5]") {
  const auto nothing = []() -> eddy::Task<int> { co_return 1; };
  const auto body = [&]() -> eddy::Task<int> {
    (void)eddy::current_task().cancel();
    const int one = co_await nothing();  // does not block
    co_return one + 1;
  };
  auto task = eddy::create_task(body());
  const int value = co_await task;
  CHECK(value == 2);
  CHECK_FALSE(task.cancelled());
  CHECK(task.cancelling() == 1);
}

EDDY_LOOP_TEST_CASE("main that cancels itself makes run throw CancelledError with the reason", "[task][c7][c14]") {
  std::string reason;
  try {
    test::run_virtual([]() -> eddy::Task<> {
      (void)eddy::current_task().cancel("had enough");
      co_await eddy::yield();
    });
  } catch (const eddy::CancelledError& e) {
    reason = e.reason();
  }
  CHECK(reason == "had enough");
}

EDDY_LOOP_TEST_CASE("cancelling() counts the requests; nothing takes one back", "[task][c11][c12]") {
  Log log;
  test::run_virtual([&]() -> eddy::Task<> {
    auto task = eddy::create_task(waiting(log, "task"));
    CHECK(task.cancelling() == 0);
    CHECK(task.cancel());
    CHECK(task.cancelling() == 1);
    CHECK(task.cancel());
    CHECK(task.cancel("third"));
    CHECK(task.cancelling() == 3);
    const std::string outcome = co_await outcome_of(task);
    CHECK(outcome == "cancelled: third");  // the first reason that was given
    CHECK(task.cancelling() == 3);
  });
  CHECK(log.empty());
}

EDDY_TEST_CASE("the reason of a cancel reaches the waiter unchanged, the first one counts", "[task][c14]") {
  auto task = eddy::create_task(wait_for_ever());
  auto without = eddy::create_task(wait_for_ever());
  co_await eddy::yield();
  task.cancel("first");
  task.cancel("second");
  without.cancel();
  const std::string outcome = co_await outcome_of(task);
  CHECK(outcome == "cancelled: first");
  std::string text;
  try {
    co_await without;
  } catch (const eddy::CancelledError& e) {
    CHECK(e.reason().empty());
    text = e.what();
  }
  CHECK_FALSE(text.empty());
}

EDDY_LOOP_TEST_CASE("a cancel stays in force: what goes on after a result in hand is stopped at its next block",
                    "[task][c6][c56][order]") {
  Log log;
  test::run_virtual([&]() -> eddy::Task<> {
    const auto future = eddy::get_running_loop().create_future<int>();
    const auto body = [&]() -> eddy::Task<> {
      const int value = co_await future;
      log.push_back(std::to_string(value));
      try {
        co_await eddy::sleep(1s);
      } catch (...) {
        log.push_back("caught");
      }
      log.push_back("never");
    };
    auto task = eddy::create_task(body());
    co_await eddy::yield();
    future.set_result(1);
    task.cancel();
    task.cancel();  // once more changes nothing
    co_await eddy::sleep(1ms);
    CHECK(task.cancelled());
  });
  CHECK(log == Log{"1"});
}

EDDY_LOOP_TEST_CASE("a second cancel while a task is being unwound is accepted and changes nothing",
                    "[task][c56][order]") {
  Log log;
  struct CancelsAgain {
    CancelsAgain(Log& target, eddy::TaskHandle<>& handle) : log(target), task(handle) {}
    CancelsAgain(const CancelsAgain&) = delete;
    CancelsAgain& operator=(const CancelsAgain&) = delete;
    ~CancelsAgain() { log.push_back(task.cancel("again") ? "cancelled again" : "refused"); }
    Log& log;
    eddy::TaskHandle<>& task;
  };
  test::run_virtual([&]() -> eddy::Task<> {
    eddy::TaskHandle<> task;
    const auto leaf = [&]() -> eddy::Task<> {
      const CancelsAgain guard(log, task);
      co_await eddy::sleep(1h);
    };
    const auto root = [&]() -> eddy::Task<> {
      const CancelsAgain guard(log, task);
      co_await leaf();
    };
    task = eddy::create_task(root());
    co_await eddy::yield();
    task.cancel("first");
    const std::string outcome = co_await outcome_of(task);
    CHECK(outcome == "cancelled: first");
    CHECK(task.cancelling() == 3);
  });
  CHECK(log == Log{"cancelled again", "cancelled again"});
}

EDDY_LOOP_TEST_CASE("a cancelled task is unwound in its own turn, at the same time, leaf first",
                    "[task][c44][c46][order]") {
  Log log;
  eddy::testing::VirtualClock clock;
  const auto middle = [&]() -> eddy::Task<> {
    const test::OnExit at_exit(log, "middle");
    co_await waiting(log, "leaf");
  };
  const auto root = [&]() -> eddy::Task<> {
    const test::OnExit first(log, "root, first local");
    const test::OnExit second(log, "root, second local");
    co_await middle();
  };
  test::run_virtual(
      [&]() -> eddy::Task<> {
        auto task = eddy::create_task(root());
        co_await eddy::sleep(1s);
        task.cancel();
        CHECK(log.empty());
        co_await eddy::yield();
        CHECK(task.done());
      },
      clock);
  CHECK(log == Log{"leaf left", "middle", "root, second local", "root, first local"});
  CHECK(clock.elapsed() == 1s);
}

EDDY_LOOP_TEST_CASE("unwinding destroys locals, parameters and temporaries once, wherever the task stands",
                    "[task][c46][order]") {
  struct Waits {
    explicit Waits(test::Tracked) {}
    test::Tracked tracked;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<>) const noexcept {}
    eddy::CancelResult try_cancel() const noexcept { return eddy::CancelResult::stopped; }
    int await_resume() const noexcept { return 1; }
  };
  const auto child = [](test::Tracked, const test::Tracked&) -> eddy::Task<test::Tracked> {
    co_await eddy::sleep(1h);
    co_return test::Tracked();
  };
  const auto body = [&](test::Tracked parameter, int where) -> eddy::Task<> {
    const test::Tracked local;
    const std::vector<test::Tracked> several(3);
    try {
      for (const test::Tracked& one : several) {
        if (where == 0) {
          const int n = co_await Waits(one);
          CHECK(n == 0);
        } else if (where == 1) {
          const test::Tracked result = co_await child(parameter, test::Tracked());
        } else {
          auto task = child(test::Tracked(), one);
          auto unstarted = child(test::Tracked(), one);
          co_await std::move(task);
        }
      }
    } catch (...) {
      FAIL_CHECK("a cancel is no exception");
    }
  };
  for (int where = 0; where < 3; ++where) {
    test::run_virtual([&]() -> eddy::Task<> {
      auto task = eddy::create_task(body(test::Tracked(), where));
      co_await eddy::sleep(1s);
      CHECK(test::Tracked::alive > 4);
      task.cancel();
      co_await eddy::yield();
      CHECK(task.cancelled());
      CHECK(test::Tracked::alive == 0);
    });
  }
}

EDDY_TEST_CASE("an exception in hand is delivered though the task is cancelled in the same turn: the task has failed",
               "[task][c19][c72]") {
  const auto future = eddy::get_running_loop().create_future<int>();
  const auto body = [&]() -> eddy::Task<int> { co_return co_await future; };
  auto task = eddy::create_task(body());
  co_await test::settle();
  future.set_exception(std::make_exception_ptr(std::runtime_error("fatal")));
  CHECK(task.cancel());
  const std::string outcome = co_await outcome_of(task);
  CHECK(outcome == "failed: fatal");
  CHECK_FALSE(task.cancelled());
  CHECK(task.cancelling() == 1);
}

EDDY_LOOP_TEST_CASE(
    "a cleanup that fails while its task is cancelled: the task has failed, and is reported if nobody asks",
    "[task][c19][c75][order]") {
  const auto cleanup = []() -> eddy::Task<> {
    co_await eddy::sleep(1s);
    throw std::runtime_error("cleanup failed");
  };
  const auto body = [&]() -> eddy::Task<> { co_await eddy::try_finally(wait_for_ever(), cleanup()); };
  test::run_virtual([&]() -> eddy::Task<> {
    auto asked = eddy::create_task(body());
    auto dropped = eddy::create_task(body());
    co_await eddy::yield();
    asked.cancel();
    dropped.cancel();
    dropped = {};
    const std::string outcome = co_await outcome_of(asked);
    CHECK(outcome == "failed: cleanup failed");
    CHECK_FALSE(asked.cancelled());
    co_await eddy::sleep(1s);
    CHECK(test::take_reports() == Log{"an exception of a task was never retrieved: cleanup failed"});
  });
}

EDDY_LOOP_TEST_CASE("a cancel reaches the task that the cancelled one awaits, and waits for it", "[task][c62][order]") {
  Log log;
  test::run_virtual([&]() -> eddy::Task<> {
    const auto slow_to_stop = [&]() -> eddy::Task<> {
      const auto cleanup = [&]() -> eddy::Task<> {
        co_await eddy::sleep(5s);
        log.push_back("inner cleaned up");
      };
      co_await eddy::try_finally(wait_for_ever(), cleanup());
    };
    auto inner = eddy::create_task(slow_to_stop());
    const auto awaits = [&]() -> eddy::Task<> {
      const test::OnExit at_exit(log, "outer left");
      co_await inner;
      log.push_back("never");
    };
    auto outer = eddy::create_task(awaits());
    co_await eddy::yield();
    const auto start = test::now();
    outer.cancel();
    const std::string outcome = co_await outcome_of(outer);
    CHECK(outcome == "cancelled: ");
    CHECK(test::now() - start == 5s);
    CHECK(inner.cancelled());
    CHECK(inner.cancelling() <= 1);
  });
  CHECK(log == Log{"inner cleaned up", "outer left"});
}

EDDY_LOOP_TEST_CASE("a task that awaits another stays cancelled whatever that one returns", "[task][c62][order]") {
  Log log;
  test::run_virtual([&]() -> eddy::Task<> {
    const auto stubborn = []() -> eddy::Task<int> {
      const auto work = []() -> eddy::Task<int> {
        co_await eddy::sleep(5s);
        co_return 5;
      };
      co_return co_await eddy::uncancellable(work());
    };
    auto inner = eddy::create_task(stubborn());
    const auto awaits = [&]() -> eddy::Task<> {
      const int value = co_await inner;
      log.push_back("never " + std::to_string(value));
    };
    auto outer = eddy::create_task(awaits());
    co_await eddy::yield();
    outer.cancel();
    const std::string outcome = co_await outcome_of(outer);
    CHECK(outcome == "cancelled: ");
    CHECK(inner.done());
    CHECK_FALSE(inner.cancelled());
    CHECK(inner.result() == 5);
  });
  CHECK(log.empty());
}

EDDY_LOOP_TEST_CASE("a cancel reaches the children of a gather, but no task that was only created",
                    "[task][c62][order]") {
  Log log;
  test::run_virtual([&]() -> eddy::Task<> {
    eddy::TaskHandle<> created;
    const auto body = [&]() -> eddy::Task<> {
      created = eddy::create_task(waiting(log, "created"));
      co_await eddy::gather(waiting(log, "child 1"), waiting(log, "child 2"));
    };
    auto task = eddy::create_task(body());
    co_await eddy::sleep(1s);
    task.cancel();
    co_await eddy::sleep(1s);
    CHECK(task.cancelled());
    CHECK_FALSE(created.done());
    CHECK(log == Log{"child 1 left", "child 2 left"});
    created.cancel();
  });
}

EDDY_LOOP_TEST_CASE("a shielded region runs to its end, and the cancel takes effect at the next block after it",
                    "[task][c59][c60][c79]") {
  Log log;
  eddy::testing::VirtualClock clock;
  const auto region = [&]() -> eddy::Task<int> {
    co_await eddy::sleep(1s);
    log.push_back("one");
    co_await eddy::sleep(1s);
    log.push_back("two");
    co_return 3;
  };
  const auto body = [&]() -> eddy::Task<> {
    const int value = co_await eddy::uncancellable(region());
    log.push_back("value " + std::to_string(value));
    co_await eddy::sleep(1s);
    log.push_back("never");
  };
  test::run_virtual(
      [&]() -> eddy::Task<> {
        auto task = eddy::create_task(body());
        co_await eddy::sleep(500ms);
        task.cancel();
        co_await eddy::sleep(1s);
        CHECK_FALSE(task.done());
        const std::string outcome = co_await outcome_of(task);
        CHECK(outcome == "cancelled: ");
      },
      clock);
  CHECK(log == Log{"one", "two", "value 3"});
  CHECK(clock.elapsed() == 2s);
}

EDDY_LOOP_TEST_CASE(
    "a boundary that is entered with a cancel in force starts nothing; a plain await runs to its first block",
    "[task][c65][c76][order]") {
  Log log;
  const auto child = [&](std::string name) -> eddy::Task<> {
    log.push_back(name + " started");
    co_await eddy::sleep(1s);
    log.push_back(name + " never");
  };
  const auto with_timeout = [&]() -> eddy::Task<> {
    (void)eddy::current_task().cancel();
    co_await eddy::timeout(1s, child("timeout"));
  };
  const auto with_gather = [&]() -> eddy::Task<> {
    (void)eddy::current_task().cancel();
    co_await eddy::gather(child("gather"), child("gather"));
  };
  const auto plain = [&]() -> eddy::Task<> {
    (void)eddy::current_task().cancel();
    co_await child("plain");
  };
  const auto masked = [&]() -> eddy::Task<> {
    (void)eddy::current_task().cancel();
    co_await eddy::uncancellable(child("masked"));
  };
  test::run_virtual([&]() -> eddy::Task<> {
    std::vector<eddy::TaskHandle<>> tasks;
    tasks.push_back(eddy::create_task(with_timeout()));
    tasks.push_back(eddy::create_task(with_gather()));
    tasks.push_back(eddy::create_task(plain()));
    tasks.push_back(eddy::create_task(masked()));
    co_await eddy::sleep(5s);
    CHECK(tasks[0].cancelled());
    CHECK(tasks[1].cancelled());
    CHECK(tasks[2].cancelled());
    CHECK_FALSE(tasks[3].cancelled());  // the masked one ended, and then nothing blocked
  });
  CHECK(log == Log{"plain started", "masked started", "masked never"});
}

EDDY_TEST_CASE("a result that is there already is delivered though a cancel is in force", "[task][c77]") {
  const auto future = eddy::get_running_loop().create_future<int>();
  future.set_result(1);
  eddy::Semaphore semaphore(1);
  const auto nothing = []() -> eddy::Task<> { co_return; };
  auto done = eddy::create_task(nothing());
  co_await done;
  const auto body = [&]() -> eddy::Task<int> {
    (void)eddy::current_task().cancel();
    const int value = co_await future;
    co_await semaphore.acquire();
    co_await done;
    co_return value;
  };
  auto task = eddy::create_task(body());
  const int value = co_await task;
  CHECK(value == 1);
}

EDDY_LOOP_TEST_CASE("a task that is cancelled by what it awaits, from within, ends once", "[task][c74]") {
  Log log;
  test::run_virtual([&]() -> eddy::Task<> {
    eddy::TaskHandle<> outer;
    const auto inner = [&]() -> eddy::Task<> {
      const test::OnExit at_exit(log, "inner left");
      outer.cancel();  // which awaits this one
      log.push_back("inner runs on");
      co_await eddy::sleep(1s);
      log.push_back("never");
    };
    const auto body = [&]() -> eddy::Task<> {
      const test::OnExit at_exit(log, "outer left");
      auto handle = eddy::create_task(inner());
      co_await handle;
    };
    outer = eddy::create_task(body());
    co_await eddy::sleep(5s);
    CHECK(outer.cancelled());
  });
  CHECK(log == Log{"inner runs on", "inner left", "outer left"});
}

EDDY_LOOP_TEST_CASE("a done callback and a destructor may cancel other tasks, and tasks may be created meanwhile",
                    "[task][c74][c335][order]") {
  Log log;
  test::run_virtual([&]() -> eddy::Task<> {
    eddy::TaskHandle<> first, second, third;
    struct Guard {
      explicit Guard(eddy::TaskHandle<>& target) : victim(target) {}
      Guard(const Guard&) = delete;
      Guard& operator=(const Guard&) = delete;
      ~Guard() { victim.cancel(); }
      eddy::TaskHandle<>& victim;
    };
    const auto guarded = [&](eddy::TaskHandle<>& victim) -> eddy::Task<> {
      const Guard guard(victim);
      co_await waiting(log, "guarded");
    };
    third = eddy::create_task(waiting(log, "third"));
    second = eddy::create_task(guarded(third));
    first = eddy::create_task(waiting(log, "first"));
    first.add_done_callback([&] {
      second.cancel();
      (void)eddy::create_task(waiting(log, "new"));
    });
    co_await eddy::yield();
    first.cancel();
    co_await eddy::sleep(1s);
    CHECK(first.cancelled());
    CHECK(second.cancelled());
    CHECK(third.cancelled());
    CHECK(log == Log{"first left", "guarded left", "third left"});
  });
  CHECK(log.back() == "new left");
}

EDDY_LOOP_TEST_CASE("a cancel of a task while its gather's children are being cancelled asks each child once",
                    "[task][c67][order]") {
  int asked = 0;
  struct Wait {
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<>) const noexcept {}
    void await_resume() const noexcept {}
    eddy::CancelResult try_cancel() noexcept {
      ++count;
      return eddy::CancelResult::stopped;
    }
    int& count;
  };
  const auto child = [&]() -> eddy::Task<> {
    Wait wait{asked};
    co_await wait;
  };
  const auto nested = [&]() -> eddy::Task<> { co_await eddy::timeout(1s, child()); };
  const auto body = [&]() -> eddy::Task<> { co_await eddy::timeout(1s, nested()); };
  test::run_virtual([&]() -> eddy::Task<> {
    auto task = eddy::create_task(body());
    co_await eddy::sleep_until(test::now() + 1s);  // both deadlines and this one fall together
    task.cancel();
    task.cancel();
    co_await eddy::sleep(5s);
    CHECK(task.cancelled());
  });
  CHECK(asked == 1);
}

EDDY_LOOP_TEST_CASE("a thousand nested timeouts are cancelled from outside without one of them expiring",
                    "[task][c69]") {
  struct Nest {
    static eddy::Task<> level(int depth, int& left) {
      struct Count {
        explicit Count(int& n) : number(n) {}
        Count(const Count&) = delete;
        Count& operator=(const Count&) = delete;
        ~Count() { ++number; }
        int& number;
      } const count(left);
      if (depth == 0) {
        co_await eddy::sleep(1h);
      } else {
        co_await eddy::timeout(10min, level(depth - 1, left));
      }
    }
  };
  int left = 0;
  test::run_virtual([&]() -> eddy::Task<> {
    auto task = eddy::create_task(Nest::level(5'000, left));
    co_await eddy::sleep(1s);
    task.cancel();
    co_await eddy::sleep(1s);
    CHECK(task.cancelled());
  });
  CHECK(left == 5'001);
}

EDDY_TEST_CASE("an awaited Task that is left by a CancelledError hands it on as an exception", "[task][c10]") {
  const auto throws = []() -> eddy::Task<> {
    co_await eddy::yield();
    throw eddy::CancelledError("made by hand");
  };
  std::string reason;
  try {
    co_await throws();
  } catch (const eddy::CancelledError& e) {
    reason = e.reason();
  }
  CHECK(reason == "made by hand");
}

EDDY_LOOP_TEST_CASE("nothing of a cancelled task is left when the loop has ended", "[task][c47]") {
  test::run_virtual([]() -> eddy::Task<> {
    const auto leaf = [](test::Tracked) -> eddy::Task<> {
      const test::Tracked local;
      co_await eddy::sleep(1h);
    };
    const auto root = [&](test::Tracked tracked) -> eddy::Task<> { co_await eddy::timeout(1min, leaf(tracked)); };
    for (int i = 0; i < 10; ++i) {
      auto task = eddy::create_task(root(test::Tracked()));
      if (i % 2 == 0) co_await eddy::yield();
      if (i % 3 == 0) task.cancel();
    }
    auto holds_itself = std::make_shared<eddy::TaskHandle<>>();
    const auto cycle = [](std::shared_ptr<eddy::TaskHandle<>>, test::Tracked) -> eddy::Task<> {
      co_await eddy::sleep(1h);
    };
    *holds_itself = eddy::create_task(cycle(holds_itself, test::Tracked()));
    co_await eddy::sleep(1s);
    CHECK(test::Tracked::alive > 0);
  });
  CHECK(test::Tracked::alive == 0);
}
