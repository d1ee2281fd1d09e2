// Tests of eddy/task/task_handle.hpp and eddy/task/done_callback.hpp: awaiting, results, callbacks, lifetimes.
// SPDX-License-Identifier: MIT
#include <eddy/task/task_handle.hpp>

#include "support/run.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

namespace {

using Log = std::vector<std::string>;

eddy::Task<int> give(int n) {
  co_await eddy::sleep(1s);
  co_return n;
}
eddy::Task<std::string> give_text(std::string text) {
  co_await eddy::sleep(1s);
  co_return text;
}
// Says in `log` that it is gone, once.
struct LoggedResult {
  explicit LoggedResult(Log* to) : log(to) {}
  LoggedResult(LoggedResult&& other) noexcept : log(std::exchange(other.log, nullptr)) {}
  ~LoggedResult() {
    const eddy::testing::AllocationsSucceed pause;
    if (log != nullptr) log->push_back("result gone");
  }
  Log* log;
};

eddy::Task<> wait_for_ever() { co_await eddy::sleep(std::chrono::hours::max()); }
eddy::Task<int> fail(std::string text) {
  co_await eddy::sleep(1s);
  throw std::runtime_error(text);
}

template <class T>
eddy::Task<std::string> error_of(eddy::TaskHandle<T> handle) {
  try {
    co_await handle;
  } catch (const eddy::CancelledError& e) {
    co_return std::string("cancelled: ") + e.what();
  } catch (const std::exception& e) {
    co_return e.what();
  }
  co_return "nothing";
}

// Counts its copies and its moves.
struct Counted {
  Counted() = default;
  Counted(const Counted& other) : copies(other.copies + 1), moves(other.moves) {}
  Counted(Counted&& other) noexcept : copies(other.copies), moves(other.moves + 1) {}
  Counted& operator=(const Counted&) = delete;
  ~Counted() = default;
  int copies = 0;
  int moves = 0;
};

}  // namespace

EDDY_TEST_CASE("a handle is awaited by many tasks, each of which gets the same object", "[task][c16]") {
  const auto handle = eddy::create_task(give_text("result"));
  std::vector<const std::string*> seen;
  const auto waiter = [&]() -> eddy::Task<> {
    const std::string& text = co_await handle;
    seen.push_back(&text);
  };
  std::vector<eddy::TaskHandle<>> waiters;
  for (int i = 0; i < 3; ++i) waiters.push_back(eddy::create_task(waiter()));
  for (auto& task : waiters) co_await task;
  REQUIRE(seen.size() == 3);
  CHECK(*seen[0] == "result");
  CHECK(seen[1] == seen[0]);
  CHECK(seen[2] == seen[0]);
}

EDDY_TEST_CASE("a finished task is awaited again and again, with the same result or the same error", "[task][c16]") {
  const auto good = eddy::create_task(give(7));
  const auto bad = eddy::create_task(fail("bad"));
  for (int i = 0; i < 3; ++i) {
    const int seven = co_await good;
    CHECK(seven == 7);
    const std::string error = co_await error_of(bad);
    CHECK(error == "bad");
  }
  CHECK(good.result() == 7);
  CHECK_THROWS_AS(bad.result(), std::runtime_error);
}

EDDY_TEST_CASE("a handle tells whether its task is done, and how it ended", "[task]") {
  const auto good = eddy::create_task(give(1));
  const auto bad = eddy::create_task(fail("bad"));
  auto stopped = eddy::create_task(wait_for_ever());
  for (const bool done : {good.done(), bad.done(), stopped.done()}) CHECK_FALSE(done);
  CHECK_THROWS_AS(good.result(), eddy::InvalidStateError);
  CHECK_THROWS_AS(good.exception(), eddy::InvalidStateError);
  co_await eddy::sleep(2s);
  stopped.cancel("enough");
  co_await test::settle();

  CHECK(good.done());
  CHECK_FALSE(good.cancelled());
  CHECK(good.exception() == nullptr);

  CHECK(bad.done());
  CHECK_FALSE(bad.cancelled());
  CHECK_THROWS_AS(std::rethrow_exception(bad.exception()), std::runtime_error);

  CHECK(stopped.done());
  CHECK(stopped.cancelled());
  CHECK_THROWS_AS(stopped.result(), eddy::CancelledError);
  CHECK_THROWS_AS(stopped.exception(), eddy::CancelledError);
}

EDDY_TEST_CASE("cancelling a finished task returns false and changes nothing", "[task][c1]") {
  auto good = eddy::create_task(give(3));
  auto bad = eddy::create_task(fail("bad"));
  auto stopped = eddy::create_task(wait_for_ever());
  co_await eddy::sleep(2s);
  stopped.cancel("first");
  co_await test::settle();
  CHECK_FALSE(good.cancel("late"));
  CHECK_FALSE(bad.cancel("late"));
  CHECK_FALSE(stopped.cancel("late"));
  CHECK(good.cancelling() == 0);
  CHECK_FALSE(good.cancelled());
  CHECK(good.result() == 3);
  CHECK_THROWS_AS(bad.result(), std::runtime_error);
  const std::string error = co_await error_of(stopped);
  CHECK(error == "cancelled: first");
}

EDDY_TEST_CASE("co_await of a moved handle gives the value itself: moved if it is the last one, else copied",
               "[task]") {
  const auto body = []() -> eddy::Task<Counted> { co_return Counted(); };
  auto only = eddy::create_task(body());
  const Counted moved = co_await std::move(only);
  CHECK(moved.copies == 0);
  auto one = eddy::create_task(body());
  const auto other = one;
  const Counted copied = co_await std::move(one);
  CHECK(copied.copies == 1);
  CHECK(other.result().copies == 0);
  const Counted direct = co_await eddy::create_task(body());
  CHECK(direct.copies == 0);
  STATIC_REQUIRE(std::is_same_v<decltype(other.result()), const Counted&>);
  STATIC_REQUIRE(std::is_same_v<eddy::AwaitResult<const eddy::TaskHandle<Counted>&>, const Counted&>);
  STATIC_REQUIRE(std::is_same_v<eddy::AwaitResult<eddy::TaskHandle<Counted>>, Counted>);
}

EDDY_TEST_CASE("a result that can only be moved is taken once; asking again throws InvalidStateError", "[task][c36]") {
  const auto body = []() -> eddy::Task<std::unique_ptr<int>> { co_return std::make_unique<int>(5); };
  auto handle = eddy::create_task(body());
  const auto other = handle;
  const std::unique_ptr<int> pointer = co_await std::move(handle);
  CHECK(*pointer == 5);
  CHECK(other.done());
  CHECK_FALSE(other.cancelled());
  CHECK_THROWS_AS(other.result(), eddy::InvalidStateError);
  const std::string error = co_await error_of(other);
  CHECK(error.find("moved out") != std::string::npos);
}

EDDY_LOOP_TEST_CASE("a handle gives reference results to the very object", "[task][c36][c37]") {
  int number = 1;
  const auto lvalue = [&]() -> eddy::Task<int&> { co_return number; };
  const auto rvalue = [&]() -> eddy::Task<int&&> { co_return std::move(number); };
  test::run_virtual([&]() -> eddy::Task<> {
    const auto first = eddy::create_task(lvalue());
    int& reference = co_await first;
    CHECK(&reference == &number);
    CHECK(&first.result() == &number);
    int& again = co_await eddy::create_task(lvalue());
    CHECK(&again == &number);
    int&& moved = co_await eddy::create_task(rvalue());
    CHECK(&moved == &number);
  });
}

EDDY_TEST_CASE("a task that awaits its own handle gets an error, not a hang", "[task][c15]") {
  eddy::TaskHandle<> self;
  std::string error;
  const auto inner = [&]() -> eddy::Task<> { co_await self; };
  const auto body = [&]() -> eddy::Task<> {
    try {
      co_await inner();
    } catch (const eddy::RuntimeError& e) {
      error = e.what();
    }
  };
  self = eddy::create_task(body(), {.name = "narcissus"});
  co_await eddy::sleep(1s);
  CHECK(self.done());
  CHECK(error.find("narcissus") != std::string::npos);
  CHECK(error.find("its own handle") != std::string::npos);
}

EDDY_TEST_CASE("a task that awaits its own handle inside a timeout gets the same error", "[task][c15]") {
  eddy::TaskHandle<> self;
  bool caught = false;
  const auto inner = [&]() -> eddy::Task<> { co_await self; };
  const auto body = [&]() -> eddy::Task<> {
    try {
      co_await eddy::timeout(1h, inner());
    } catch (const eddy::TimeoutError&) {
      throw;
    } catch (const eddy::RuntimeError&) {
      caught = true;
    }
  };
  self = eddy::create_task(body());
  co_await eddy::sleep(1s);
  CHECK(self.done());
  CHECK(caught);
}

EDDY_LOOP_TEST_CASE("done callbacks run on the loop after the end, in the order in which they and the waiters came",
                    "[task][c31][order]") {
  Log log;
  const auto waiter = [&](eddy::TaskHandle<> handle, std::string name) -> eddy::Task<> {
    co_await handle;
    log.push_back(name);
  };
  const auto body = [&]() -> eddy::Task<> {
    co_await eddy::sleep(1s);
    log.push_back("ends");
  };
  test::run_virtual([&]() -> eddy::Task<> {
    auto handle = eddy::create_task(body());
    handle.add_done_callback(
        [&](const eddy::TaskHandle<>& done) { log.push_back(done.done() ? "callback 1" : "too early"); });
    auto first = eddy::create_task(waiter(handle, "waiter 1"));
    co_await eddy::yield();
    handle.add_done_callback([&] { log.push_back("callback 2"); });
    auto second = eddy::create_task(waiter(handle, "waiter 2"));
    co_await eddy::yield();
    handle.add_done_callback([&] { log.push_back("callback 3"); });
    co_await eddy::sleep(2s);
  });
  CHECK(log == Log{"ends", "callback 1", "waiter 1", "callback 2", "waiter 2", "callback 3"});
}

EDDY_LOOP_TEST_CASE("a done callback that is added after the end runs in the next pass, never inside the call",
                    "[task][c31]") {
  Log log;
  test::run_virtual([&]() -> eddy::Task<> {
    auto handle = eddy::create_task(give(1));
    co_await handle;
    handle.add_done_callback([&](const eddy::TaskHandle<int>& done) { log.push_back(std::to_string(done.result())); });
    log.push_back("added");
    co_await eddy::yield();
  });
  CHECK(log == Log{"added", "1"});
}

EDDY_LOOP_TEST_CASE("done callbacks run for a task that fails and for one that is cancelled, before its first step too",
                    "[task][c31]") {
  Log log;
  test::run_virtual([&]() -> eddy::Task<> {
    auto bad = eddy::create_task(fail("bad"));
    auto stopped = eddy::create_task(wait_for_ever());
    auto unstarted = eddy::create_task(wait_for_ever());
    bad.add_done_callback([&](const eddy::TaskHandle<int>& done) { log.push_back(done.exception() ? "failed" : "?"); });
    unstarted.add_done_callback(
        [&](const eddy::TaskHandle<>& done) { log.push_back(done.cancelled() ? "unstarted" : "?"); });
    stopped.add_done_callback(
        [&](const eddy::TaskHandle<>& done) { log.push_back(done.cancelled() ? "stopped" : "?"); });
    unstarted.cancel();
    co_await eddy::sleep(2s);
    stopped.cancel();
    co_await eddy::sleep(1s);
  });
  CHECK(log == Log{"unstarted", "failed", "stopped"});
}

EDDY_LOOP_TEST_CASE("a done callback is removed once, and only before the task has ended", "[task][c30]") {
  Log log;
  test::run_virtual([&]() -> eddy::Task<> {
    auto handle = eddy::create_task(give(1));
    const auto kept = handle.add_done_callback([&] { log.push_back("kept"); });
    const auto removed = handle.add_done_callback([&, tracked = test::Tracked()] { log.push_back("never"); });
    CHECK(kept != removed);
    CHECK(test::Tracked::alive == 1);
    CHECK(handle.remove_done_callback(removed));
    CHECK(test::Tracked::alive == 0);
    CHECK_FALSE(handle.remove_done_callback(removed));
    co_await eddy::sleep(2s);
    CHECK_FALSE(handle.remove_done_callback(kept));
  });
  CHECK(log == Log{"kept"});
}

EDDY_LOOP_TEST_CASE("done callbacks may add and remove others while they run", "[task][c30][order]") {
  Log log;
  test::run_virtual([&]() -> eddy::Task<> {
    auto handle = eddy::create_task(give(1));
    eddy::DoneCallbackId second{};
    handle.add_done_callback([&] {
      log.push_back("first");
      // All were queued when the task ended: it is too late to take one back, as in asyncio.
      CHECK_FALSE(handle.remove_done_callback(second));
      handle.add_done_callback([&] { log.push_back("added"); });
    });
    second = handle.add_done_callback([&] { log.push_back("second"); });
    co_await eddy::sleep(2s);
  });
  CHECK(log == Log{"first", "second", "added"});
}

EDDY_LOOP_TEST_CASE("a done callback that throws is reported, and the others run", "[task][c326][order]") {
  Log log;
  test::run_virtual([&]() -> eddy::Task<> {
    auto handle = eddy::create_task(give(1));
    handle.add_done_callback([] { throw std::runtime_error("bad callback"); });
    handle.add_done_callback([&] { log.push_back("second"); });
    co_await handle;
    co_await eddy::yield();
    CHECK(test::take_reports() == Log{"a done callback threw an exception: bad callback"});
  });
  CHECK(log == Log{"second"});
}

EDDY_LOOP_TEST_CASE("done callbacks of a task that has not ended when the loop does are destroyed", "[task][c334]") {
  Log log;
  test::run_virtual([&]() -> eddy::Task<> {
    auto handle = eddy::create_task(wait_for_ever());
    handle.add_done_callback([&, tracked = test::Tracked()](const eddy::TaskHandle<>& done) {
      log.push_back(done.cancelled() ? "cancelled" : "?");
    });
    co_return;
  });
  CHECK(test::Tracked::alive == 0);
  CHECK(log == Log{"cancelled"});
}

EDDY_LOOP_TEST_CASE("locals and parameters are destroyed when the task ends, though a handle is held",
                    "[task][c46][order]") {
  const auto body = [](test::Tracked, int how) -> eddy::Task<int> {
    const test::Tracked local;
    co_await eddy::sleep(1s);
    if (how == 1) throw std::runtime_error("failed");
    co_return 1;
  };
  test::run_virtual([&]() -> eddy::Task<> {
    auto good = eddy::create_task(body(test::Tracked(), 0));
    auto bad = eddy::create_task(body(test::Tracked(), 1));
    auto stopped = eddy::create_task(body(test::Tracked(), 2));
    auto unstarted = eddy::create_task(body(test::Tracked(), 3));
    unstarted.cancel();
    co_await eddy::yield();
    CHECK(unstarted.done());
    CHECK(test::Tracked::alive == 6);
    stopped.cancel();
    co_await eddy::yield();
    CHECK(test::Tracked::alive == 4);
    co_await eddy::sleep(2s);
    CHECK(test::Tracked::alive == 0);
    CHECK(good.result() == 1);
    CHECK(bad.exception() != nullptr);
    CHECK(stopped.cancelled());
  });
}

EDDY_LOOP_TEST_CASE("a waiter sees the task's locals destroyed", "[task][c46]") {
  Log log;
  const auto body = [&]() -> eddy::Task<> {
    const test::OnExit at_exit(log, "local destroyed");
    co_await eddy::sleep(1s);
  };
  test::run_virtual([&]() -> eddy::Task<> {
    auto handle = eddy::create_task(body());
    co_await handle;
    log.push_back("awaited");
  });
  CHECK(log == Log{"local destroyed", "awaited"});
}

EDDY_LOOP_TEST_CASE("the result lives as long as a handle does, also beyond the loop", "[task]") {
  eddy::TaskHandle<std::shared_ptr<int>> handle;
  std::weak_ptr<int> weak;
  const auto body = [&]() -> eddy::Task<std::shared_ptr<int>> {
    auto pointer = std::make_shared<int>(9);
    weak = pointer;
    co_return pointer;
  };
  test::run_virtual([&]() -> eddy::Task<> {
    handle = eddy::create_task(body());
    co_await eddy::yield();
  });
  CHECK(handle.done());
  CHECK(*handle.result() == 9);
  CHECK_FALSE(handle.cancel());
  auto copy = handle;
  handle = {};
  CHECK_FALSE(weak.expired());
  copy = {};
  CHECK(weak.expired());
}

EDDY_TEST_CASE("handles compare equal when they refer to the same task", "[task]") {
  const auto one = eddy::create_task(give(1));
  const auto copy = one;
  const auto other = eddy::create_task(give(1));
  CHECK(one == copy);
  CHECK(one != other);
  co_await one;
  co_await other;
  CHECK(one == copy);
}

EDDY_TEST_CASE("a handle that was moved from says so, and throws when it is used", "[task][c35]") {
  auto handle = eddy::create_task(give(1));
  CHECK(handle.valid());
  auto moved = std::move(handle);
  CHECK_FALSE(handle.valid());
  CHECK_THROWS_AS(handle.done(), eddy::InvalidStateError);
  CHECK_THROWS_AS(handle.cancel(), eddy::InvalidStateError);
  CHECK_THROWS_AS(handle.cancelled(), eddy::InvalidStateError);
  CHECK_THROWS_AS(handle.cancelling(), eddy::InvalidStateError);
  CHECK_THROWS_AS(handle.result(), eddy::InvalidStateError);
  CHECK_THROWS_AS(handle.exception(), eddy::InvalidStateError);
  CHECK_THROWS_AS(handle.name(), eddy::InvalidStateError);
  const std::string error = co_await error_of(handle);
  CHECK(error.find("moved from") != std::string::npos);
  const int one = co_await moved;
  CHECK(one == 1);
  eddy::TaskHandle<> none;
  CHECK_FALSE(none.valid());
}

EDDY_TEST_CASE("a task has a name that can be read and changed, before and after its end", "[task][c27]") {
  auto named = eddy::create_task(give(1), {.name = "worker"});
  CHECK(named.name() == "worker");
  named.set_name("renamed");
  CHECK(named.name() == "renamed");
  const auto first = eddy::create_task(give(1));
  const auto second = eddy::create_task(give(1));
  CHECK(first.name() != second.name());
  CHECK(first.name().rfind("Task-", 0) == 0);
  CHECK(first.name() == first.name());
  co_await named;
  co_await first;
  co_await second;
  CHECK(named.name() == "renamed");
  named.set_name("ended");
  CHECK(named.name() == "ended");
}

EDDY_LOOP_TEST_CASE("the awaiter of a handle is resumed exactly once", "[task][c39][order]") {
  int resumed = 0;
  test::run_virtual([&]() -> eddy::Task<> {
    const auto handle = eddy::create_task(give(1));
    const auto waiter = [&]() -> eddy::Task<> {
      co_await handle;
      ++resumed;
      co_await eddy::sleep(1s);
      ++resumed;
    };
    auto task = eddy::create_task(waiter());
    co_await handle;
    for (int i = 0; i < 10; ++i) co_await eddy::yield();
    CHECK(resumed == 1);
    co_await task;
  });
  CHECK(resumed == 2);
}

EDDY_LOOP_TEST_CASE("an endless chain of tasks that each await the one before ends on a flat stack",
                    "[task][large][c40][c41]") {
  const auto body = [](eddy::TaskHandle<int> before) -> eddy::Task<int> {
    if (!before.valid()) {
      co_await eddy::sleep(1s);
      co_return 1;
    }
    const int n = co_await before;
    co_return n + 1;
  };
  test::run_virtual([&]() -> eddy::Task<> {
    eddy::TaskHandle<int> last;
    for (int i = 0; i < 20'000; ++i) last = eddy::create_task(body(last));
    const int length = co_await last;
    CHECK(length == 20'000);
  });
}

EDDY_TEST_CASE("a cancel that the awaiter of a handle passes on counts as one of the awaited task", "[task][c1]") {
  auto inner = eddy::create_task([]() -> eddy::Task<> { co_await eddy::sleep(1h); }());
  auto outer = eddy::create_task([](eddy::TaskHandle<> handle) -> eddy::Task<> { co_await handle; }(inner));
  co_await test::settle();
  CHECK(inner.cancelling() == 0);
  outer.cancel();
  CHECK(inner.cancelling() == 1);
  CHECK(outer.cancelling() == 1);
  co_await test::settle(2);
  CHECK(inner.cancelled());
}

EDDY_TEST_CASE("the result of a task that drops the last handle to itself is destroyed once, after the task's locals", "[task]") {
  struct Drops {
    explicit Drops(eddy::TaskHandle<LoggedResult>* to) : handle(to) {}
    Drops(const Drops&) = delete;
    ~Drops() { *handle = eddy::TaskHandle<LoggedResult>(); }
    eddy::TaskHandle<LoggedResult>* handle;
  };
  Log log;
  eddy::TaskHandle<LoggedResult> handle;
  const auto work = [](Log* to, eddy::TaskHandle<LoggedResult>* own) -> eddy::Task<LoggedResult> {
    const test::OnExit local(*to, "local gone");
    const Drops drops(own);
    co_await eddy::sleep(1s);
    co_return LoggedResult(to);
  };
  handle = eddy::create_task(work(&log, &handle));
  co_await eddy::sleep(2s);
  CHECK_FALSE(handle.valid());
  CHECK(log == Log{"local gone", "result gone"});
}

EDDY_TEST_CASE("a task is not done before its arguments are destroyed", "[task]") {
  struct Asks {
    Asks(eddy::TaskHandle<>* task, bool* answer) : handle(task), done(answer) {}
    Asks(Asks&& other) noexcept : handle(std::exchange(other.handle, nullptr)), done(other.done) {}
    ~Asks() {
      if (handle != nullptr) *done = handle->valid() && handle->done();
    }
    eddy::TaskHandle<>* handle;
    bool* done;
  };
  eddy::TaskHandle<> handle;
  bool done = true;
  const auto work = [](Asks) -> eddy::Task<> { co_await eddy::sleep(1s); };
  handle = eddy::create_task(work(Asks(&handle, &done)));
  co_await eddy::sleep(2s);
  CHECK(handle.done());
  CHECK_FALSE(done);
}
