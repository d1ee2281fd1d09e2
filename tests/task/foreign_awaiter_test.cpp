// Tests of eddy/task/foreign_awaiter.hpp: awaiters that know nothing of this library.
// SPDX-License-Identifier: MIT
#include <eddy/task/foreign_awaiter.hpp>

#include "support/dependent.hpp"
#include "support/run.hpp"

#include <coroutine>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

namespace {

using Log = std::vector<std::string>;

// What an awaiter has seen, and the handle that it was given.
struct Record {
  int ready = 0;
  int suspended = 0;
  int resumed = 0;
  int cancelled = 0;
  std::coroutine_handle<> handle;
};

// Resumes at the end of its scope whoever waits still: a test that is stopped may leave nobody there.
class ResumeAtEnd {
 public:
  explicit ResumeAtEnd(Record& record) : record_(record) {}
  ResumeAtEnd(const ResumeAtEnd&) = delete;
  ResumeAtEnd& operator=(const ResumeAtEnd&) = delete;
  ~ResumeAtEnd() { now(); }
  void now() {
    if (record_.handle) std::exchange(record_.handle, nullptr).resume();
  }

 private:
  Record& record_;
};

// Waits until somebody resumes `record.handle`. It cannot be cancelled.
struct Wait {
  Record& record;
  bool await_ready() const noexcept {
    ++record.ready;
    return false;
  }
  void await_suspend(std::coroutine_handle<> handle) const noexcept {
    ++record.suspended;
    record.handle = handle;
  }
  int await_resume() const noexcept {
    record.handle = nullptr;
    return ++record.resumed;
  }
};

// The same, but gives up at once when it is cancelled, or promises to end later.
struct CancellableWait : Wait {
  CancellableWait(Record& r, eddy::CancelResult how) : Wait{r}, answer(how) {}
  eddy::CancelResult try_cancel() const noexcept {
    ++record.cancelled;
    if (answer == eddy::CancelResult::stopped) record.handle = nullptr;
    return answer;
  }
  eddy::CancelResult answer;
};

struct ReturnsFalse {
  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<>) const noexcept { return false; }
  int await_resume() const noexcept { return 5; }
};

// Goes on with the coroutine that waits in another record, or with none; `record` gets its own handle.
struct HandsOver {
  HandsOver(Record& r, Record* other) : record(r), to(other) {}
  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> handle) const noexcept {
    record.handle = handle;
    if (to == nullptr) return std::noop_coroutine();
    return std::exchange(to->handle, nullptr);
  }
  int await_resume() const noexcept {
    record.handle = nullptr;
    return 8;
  }
  Record& record;
  Record* to;
};

struct ReturnsItsHandle {
  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> handle) const noexcept { return handle; }
  int await_resume() const noexcept { return 6; }
};

struct ResumesInline {
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) const { handle.resume(); }
  int await_resume() const noexcept { return 7; }
};

struct ThrowsInSuspend {
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<>) const { throw std::runtime_error("cannot suspend"); }
  void await_resume() const noexcept {}
};

struct ReturnsTrue {
  explicit ReturnsTrue(Record& r) : record(r) {}
  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> handle) const noexcept {
    record.handle = handle;
    return true;
  }
  void await_resume() const noexcept {}
  Record& record;
};

// Does what Base does, which is not to wait, and counts how often it is asked to stop.
template <class Base>
struct Askable : Base {
  explicit Askable(Record& r) : record(&r) {}
  eddy::CancelResult try_cancel() const noexcept {
    ++record->cancelled;
    return eddy::CancelResult::stopped;
  }
  Record* record;
};

// Stops itself behind an awaiter that does not wait.
template <class Base>
eddy::Task<> go_on_and_stop(Record& record) {
  Askable<Base> awaiter(record);
  try {
    co_await awaiter;
  } catch (const std::runtime_error&) {
  }
  ++record.resumed;
  eddy::current_task().cancel();
  co_await test::dependent<Base>(eddy::sleep(1s));
  ++record.resumed;
}

struct ThrowsInReady {
  bool await_ready() const { throw std::runtime_error("cannot tell"); }
  void await_suspend(std::coroutine_handle<>) const {}
  void await_resume() const noexcept {}
};

struct ThrowsInResume {
  bool await_ready() const noexcept { return true; }
  void await_suspend(std::coroutine_handle<>) const {}
  void await_resume() const { throw std::runtime_error("no result"); }
};

// Cannot be copied or moved: it has to be awaited where it stands.
struct Immovable {
  Immovable() = default;
  Immovable(const Immovable&) = delete;
  Immovable& operator=(const Immovable&) = delete;
  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<>) noexcept {
    self = this;
    return false;
  }
  bool await_resume() const noexcept { return self == this; }
  const Immovable* self = nullptr;
};

struct MemberCoAwait {
  int value;
  auto operator co_await() const {
    struct Awaiter {
      int value;
      bool await_ready() const noexcept { return true; }
      void await_suspend(std::coroutine_handle<>) const noexcept {}
      int await_resume() const noexcept { return value; }
    };
    return Awaiter{value};
  }
};

struct FreeCoAwait {
  Record* record;
};
Wait operator co_await(const FreeCoAwait& f) { return Wait{*f.record}; }

}  // namespace

EDDY_LOOP_TEST_CASE("a foreign awaiter is asked, suspended and resumed exactly once", "[task][c39]") {
  Record record;
  int result = 0;
  test::run_virtual([&]() -> eddy::Task<> {
    const auto body = [&]() -> eddy::Task<> {
      Wait wait{record};
      result = co_await wait;
    };
    auto task = eddy::create_task(body());
    co_await eddy::sleep(1s);
    CHECK(record.suspended == 1);
    CHECK(record.resumed == 0);
    record.handle.resume();
    co_await task;
  });
  CHECK(record.ready == 1);
  CHECK(record.suspended == 1);
  CHECK(record.resumed == 1);
  CHECK(result == 1);
}

EDDY_LOOP_TEST_CASE("resuming a foreign awaiter's handle only queues the task: nothing runs inline",
                    "[task][c39][order]") {
  Record record;
  Log log;
  test::run_virtual([&]() -> eddy::Task<> {
    const auto body = [&]() -> eddy::Task<> {
      Wait wait{record};
      co_await wait;
      log.push_back("task");
    };
    auto task = eddy::create_task(body());
    ResumeAtEnd resume(record);
    co_await eddy::yield();
    REQUIRE(record.handle);
    resume.now();
    log.push_back("after resume");
    co_await task;
  });
  CHECK(log == Log{"after resume", "task"});
}

EDDY_TEST_CASE("await_suspend may return false, its own handle, or resume the handle at once", "[task]") {
  ReturnsFalse goes_on;
  const int a = co_await goes_on;
  CHECK(a == 5);
  ReturnsItsHandle itself;
  const int b = co_await itself;
  CHECK(b == 6);
  ResumesInline inline_resume;
  const int c = co_await inline_resume;
  CHECK(c == 7);
}

EDDY_LOOP_TEST_CASE("an awaiter that waits says so by returning true, and is resumed once", "[task]") {
  Record record;
  Log log;
  test::run_virtual([&]() -> eddy::Task<> {
    const auto body = [&]() -> eddy::Task<> {
      ReturnsTrue awaiter(record);
      co_await awaiter;
      log.push_back("resumed");
    };
    auto task = eddy::create_task(body());
    co_await eddy::sleep(1s);
    log.push_back("still waiting");
    std::exchange(record.handle, nullptr).resume();
    co_await task;
  });
  CHECK(log == Log{"still waiting", "resumed"});
}

EDDY_TEST_CASE("an awaiter that names its own handle goes on at once, in the same turn", "[task][order]") {
  const test::TurnProbe others_had_a_turn;
  ReturnsItsHandle itself;
  co_await itself;
  CHECK_FALSE(others_had_a_turn);
}

EDDY_LOOP_TEST_CASE("an awaiter that did not wait after all is not asked to stop", "[task]") {
  Record record;
  test::run_virtual([&]() -> eddy::Task<> {
    auto a = eddy::create_task(go_on_and_stop<ReturnsFalse>(record));
    auto b = eddy::create_task(go_on_and_stop<ReturnsItsHandle>(record));
    auto c = eddy::create_task(go_on_and_stop<ThrowsInSuspend>(record));
    co_await eddy::sleep(1ms);
    CHECK(a.cancelled());
    CHECK(b.cancelled());
    CHECK(c.cancelled());
  });
  CHECK(record.resumed == 3);
  CHECK(record.cancelled == 0);
}

EDDY_TEST_CASE("await_suspend may return another coroutine, which then runs, or none", "[task][order]") {
  static Record first, second, third;  // this test may be stopped before its tasks
  first = second = third = Record();
  const auto wait = [](Record& record) -> eddy::Task<> {
    Wait awaiter{record};
    co_await awaiter;
  };
  const auto hand_over = [](Record& record, Record* to) -> eddy::Task<int> {
    HandsOver awaiter(record, to);
    co_return co_await awaiter;
  };
  auto waiting = eddy::create_task(wait(first));
  ResumeAtEnd resume_first(first);
  ResumeAtEnd resume_second(second);
  ResumeAtEnd resume_third(third);
  co_await test::settle();
  REQUIRE(first.handle);
  auto handing = eddy::create_task(hand_over(second, &first));
  auto idle = eddy::create_task(hand_over(third, nullptr));
  co_await waiting;  // it was resumed by the one that handed over
  CHECK_FALSE(handing.done());
  CHECK_FALSE(idle.done());
  resume_second.now();
  resume_third.now();
  const int result = co_await handing;
  CHECK(result == 8);
  co_await idle;
}

EDDY_LOOP_TEST_CASE("an exception from await_suspend leaves the task running, and it may go on to wait",
                    "[task][c42]") {
  eddy::testing::VirtualClock clock;
  test::run_virtual(
      []() -> eddy::Task<> {
        const auto caught = [](auto awaiter) -> eddy::Task<std::string> {
          try {
            co_await awaiter;
          } catch (const std::runtime_error& e) {
            co_return e.what();
          }
          co_return "nothing";
        };
        const std::string in_suspend = co_await caught(ThrowsInSuspend());
        CHECK(in_suspend == "cannot suspend");
        co_await eddy::sleep(1s);
        const std::string in_ready = co_await caught(ThrowsInReady());
        CHECK(in_ready == "cannot tell");
        const std::string in_resume = co_await caught(ThrowsInResume());
        CHECK(in_resume == "no result");
        co_await eddy::sleep(1s);
      },
      clock);
  CHECK(clock.elapsed() == 2s);
}

EDDY_TEST_CASE("an uncaught exception from await_suspend is the task's own", "[task][c42]") {
  const auto body = []() -> eddy::Task<> {
    ThrowsInSuspend awaiter;
    co_await awaiter;
  };
  auto task = eddy::create_task(body());
  co_await test::settle();
  CHECK_THROWS_AS(task.result(), std::runtime_error);
}

EDDY_TEST_CASE("an awaiter that cannot be moved is awaited where it stands", "[task]") {
  Immovable awaiter;
  const bool in_place = co_await awaiter;
  CHECK(in_place);
  const bool temporary_in_place = co_await Immovable();
  CHECK(temporary_in_place);
}

EDDY_TEST_CASE("types with a member or a free operator co_await can be awaited", "[task]") {
  const MemberCoAwait member{9};
  const int nine = co_await member;
  CHECK(nine == 9);
  static Record record;  // this test may be stopped before the task
  record = Record();
  const auto body = []() -> eddy::Task<int> {
    const FreeCoAwait free{&record};
    co_return co_await free;
  };
  auto task = eddy::create_task(body());
  ResumeAtEnd resume(record);
  co_await test::settle();
  REQUIRE(record.handle);
  resume.now();
  const int one = co_await task;
  CHECK(one == 1);
}

EDDY_LOOP_TEST_CASE(
    "an awaiter without try_cancel is waited for, its value delivered, and the stop comes at the next wait",
    "[task][c66][c71][order]") {
  Record record;
  Log log;
  test::run_virtual([&]() -> eddy::Task<> {
    const auto body = [&]() -> eddy::Task<> {
      Wait wait{record};
      const int value = co_await wait;
      log.push_back("value " + std::to_string(value));
      co_await eddy::sleep(1s);
      log.push_back("never");
    };
    auto task = eddy::create_task(body());
    co_await eddy::yield();
    CHECK(task.cancel());
    co_await eddy::sleep(10s);
    CHECK_FALSE(task.done());
    record.handle.resume();
    co_await eddy::yield();
    CHECK(task.cancelled());
  });
  CHECK(log == Log{"value 1"});
}

EDDY_LOOP_TEST_CASE("an awaiter that says stopped is not resumed, and its task is unwound", "[task][c67][order]") {
  Record record;
  Log log;
  test::run_virtual([&]() -> eddy::Task<> {
    const auto body = [&]() -> eddy::Task<> {
      const test::OnExit at_exit(log, "unwound");
      CancellableWait wait(record, eddy::CancelResult::stopped);
      (void)co_await wait;
      log.push_back("never");
    };
    auto task = eddy::create_task(body());
    co_await eddy::yield();
    task.cancel();
    CHECK(log.empty());  // not inside the call
    task.cancel();
    co_await eddy::yield();
    CHECK(task.cancelled());
  });
  CHECK(log == Log{"unwound"});
  CHECK(record.cancelled == 1);
  CHECK(record.resumed == 0);
}

EDDY_LOOP_TEST_CASE("an awaiter that says later is waited for, and asked once though it is cancelled twice",
                    "[task][c66][c67][order]") {
  Record record;
  Log log;
  test::run_virtual([&]() -> eddy::Task<> {
    const auto body = [&]() -> eddy::Task<int> {
      CancellableWait wait(record, eddy::CancelResult::later);
      const int value = co_await wait;
      log.push_back("delivered");
      co_return value;
    };
    auto task = eddy::create_task(body());
    co_await eddy::yield();
    CHECK(task.cancel("first"));
    CHECK(task.cancel("second"));
    CHECK(record.cancelled == 1);
    co_await eddy::sleep(1s);
    CHECK_FALSE(task.done());
    record.handle.resume();
    const int value = co_await task;  // it returned without another wait, so it has a value
    CHECK(value == 1);
    CHECK_FALSE(task.cancelled());
    CHECK(task.cancelling() == 2);
  });
  CHECK(log == Log{"delivered"});
}

EDDY_LOOP_TEST_CASE("an awaiter is not asked to cancel when it was resumed before", "[task][c72][order]") {
  Record record;
  test::run_virtual([&]() -> eddy::Task<> {
    const auto body = [&]() -> eddy::Task<int> {
      CancellableWait wait(record, eddy::CancelResult::stopped);
      co_return co_await wait;
    };
    auto task = eddy::create_task(body());
    ResumeAtEnd resume(record);
    co_await eddy::yield();
    REQUIRE(record.handle);
    resume.now();
    task.cancel();
    const int value = co_await task;
    CHECK(value == 1);
  });
  CHECK(record.cancelled == 0);
}

EDDY_LOOP_TEST_CASE("a foreign awaiter is not even suspended when a cancel is in force", "[task][c57][c76][order]") {
  Record record;
  test::run_virtual([&]() -> eddy::Task<> {
    const auto body = [&]() -> eddy::Task<> {
      (void)eddy::current_task().cancel();
      Wait wait{record};
      (void)co_await wait;
    };
    auto task = eddy::create_task(body());
    co_await eddy::yield();
    CHECK(task.cancelled());
  });
  CHECK(record.ready == 1);
  CHECK(record.suspended == 0);
}

EDDY_LOOP_TEST_CASE("a task that is cancelled from within its own await_suspend is stopped there", "[task][c74]") {
  Log log;
  struct CancelsItself {
    eddy::CancelResult try_cancel() noexcept {
      log.push_back("try_cancel");
      return eddy::CancelResult::stopped;
    }
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<>) { task.cancel(); }
    void await_resume() { log.push_back("never"); }
    Log& log;
    eddy::TaskHandle<>& task;
  };
  test::run_virtual([&]() -> eddy::Task<> {
    eddy::TaskHandle<> task;
    const auto body = [&]() -> eddy::Task<> {
      const test::OnExit at_exit(log, "unwound");
      CancelsItself awaiter{log, task};
      co_await awaiter;
    };
    task = eddy::create_task(body());
    co_await eddy::sleep(1s);
    CHECK(task.cancelled());
  });
  CHECK(log == Log{"try_cancel", "unwound"});
}

EDDY_LOOP_TEST_CASE(
    "a task that is cancelled from within an await_suspend that cannot stop, and completes at once, goes on",
    "[task][c74]") {
  Log log;
  struct CancelsAndCompletes {
    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<>) {
      task.cancel();
      return false;
    }
    void await_resume() const noexcept {}
    eddy::TaskHandle<>& task;
  };
  test::run_virtual([&]() -> eddy::Task<> {
    eddy::TaskHandle<> task;
    const auto body = [&]() -> eddy::Task<> {
      CancelsAndCompletes awaiter{task};
      co_await awaiter;
      log.push_back("went on");
      co_await eddy::yield();
      log.push_back("never");
    };
    task = eddy::create_task(body());
    co_await eddy::sleep(1s);
    CHECK(task.cancelled());
  });
  CHECK(log == Log{"went on"});
}

EDDY_LOOP_TEST_CASE("an await_suspend that cancels its own task and then throws: the exception is the task's",
                    "[task][c74][c42]") {
  struct CancelsAndThrows {
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<>) {
      task.cancel();
      throw std::runtime_error("thrown");
    }
    void await_resume() const noexcept {}
    eddy::TaskHandle<>& task;
  };
  test::run_virtual([&]() -> eddy::Task<> {
    eddy::TaskHandle<> task;
    const auto body = [&]() -> eddy::Task<> {
      CancelsAndThrows awaiter{task};
      co_await awaiter;
    };
    task = eddy::create_task(body());
    co_await eddy::sleep(1s);
    CHECK_FALSE(task.cancelled());
    CHECK_THROWS_AS(task.result(), std::runtime_error);
  });
}

namespace {

// Waits until it is stopped, and does something when it is told to.
struct Reacts {
  explicit Reacts(std::function<void()> f) : fn(std::move(f)) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<>) const noexcept {}
  void await_resume() const noexcept {}
  eddy::CancelResult try_cancel() const noexcept {
    fn();
    return eddy::CancelResult::stopped;
  }
  std::function<void()> fn;
};
eddy::Task<> react(std::function<void()> fn) {
  Reacts awaiter(std::move(fn));
  co_await awaiter;
}

}  // namespace

EDDY_LOOP_TEST_CASE("a cancel from within try_cancel is delivered behind the one that is being delivered", "[task][c76]") {
  for (const bool in_group : {false, true}) {
    Log log;
    test::run_virtual([&]() -> eddy::Task<> {
      auto other = eddy::create_task(react([&] { log.push_back("other is told"); }));
      const auto cancel_other = [&] {
        log.push_back("told");
        other.cancel();
        log.push_back("has told");
      };
      const auto group = [&]() -> eddy::Task<> { co_await eddy::gather(react(cancel_other), react([] {})); };
      auto task = eddy::create_task(in_group ? group() : react(cancel_other));
      co_await eddy::sleep(1s);
      task.cancel();
      CHECK(log == Log{"told", "has told", "other is told"});
      co_await eddy::sleep(1s);
      CHECK(task.cancelled());
      CHECK(other.cancelled());
    });
  }
}

EDDY_LOOP_TEST_CASE("a task that is woken while a stop is on its way to it has what it was given", "[task][c72]") {
  Log log;
  test::run_virtual([&]() -> eddy::Task<> {
    eddy::Event event;
    const auto woken = [&]() -> eddy::Task<> {
      co_await event.wait();
      log.push_back("goes on");
      co_await eddy::sleep(1s);
      log.push_back("not stopped");
    };
    const auto group = [&]() -> eddy::Task<> { co_await eddy::gather(react([&] { event.set(); }), woken()); };
    auto task = eddy::create_task(group());
    co_await eddy::sleep(1s);
    task.cancel();
    co_await eddy::sleep(2s);
    CHECK(task.cancelled());
  });
  CHECK(log == Log{"goes on"});
}
