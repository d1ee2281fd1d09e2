// Tests of eddy/task/future.hpp.
// SPDX-License-Identifier: MIT
#include <eddy/task/future.hpp>

#include "support/run.hpp"

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

namespace {

using Log = std::vector<std::string>;

template <class T>
eddy::Future<T> make_future() {
  return eddy::get_running_loop().create_future<T>();
}

std::exception_ptr error(const char* text) { return std::make_exception_ptr(std::runtime_error(text)); }

// Awaits `future`, and appends its name and what came of it to `log`.
eddy::Task<> watch(eddy::Future<int> future, Log& log, std::string name) {
  try {
    const int value = co_await future;
    log.push_back(name + "=" + std::to_string(value));
  } catch (const eddy::CancelledError& e) {
    log.push_back(name + " cancelled: " + e.reason());
  } catch (const std::exception& e) {
    log.push_back(name + " failed: " + e.what());
  }
}

}  // namespace

EDDY_LOOP_TEST_CASE("a future wakes its waiters in order, each in its own turn, once it is set", "[task][c31][order]") {
  Log log;
  test::run_virtual([&]() -> eddy::Task<> {
    const auto future = make_future<int>();
    auto a = eddy::create_task(watch(future, log, "a"));
    auto b = eddy::create_task(watch(future, log, "b"));
    co_await eddy::yield();
    CHECK_FALSE(future.done());
    future.set_result(4);
    CHECK(future.done());
    log.push_back("set");
    co_await a;
    co_await b;
    co_await watch(future, log, "late");
  });
  CHECK(log == Log{"set", "a=4", "b=4", "late=4"});
}

EDDY_LOOP_TEST_CASE("awaiting a future that is done does not suspend", "[task][c57]") {
  Log log;
  test::run_virtual([&]() -> eddy::Task<> {
    const auto future = make_future<int>();
    future.set_result(1);
    eddy::get_running_loop().call_soon([&] { log.push_back("next turn"); });
    const int& value = co_await future;
    CHECK(&value == &future.result());
    log.push_back("awaited");
    co_await eddy::yield();
  });
  CHECK(log == Log{"awaited", "next turn"});
}

EDDY_LOOP_TEST_CASE("an exception that is set reaches every waiter and every one who asks", "[task][c16][order]") {
  Log log;
  test::run_virtual([&]() -> eddy::Task<> {
    const auto future = make_future<int>();
    auto a = eddy::create_task(watch(future, log, "a"));
    auto b = eddy::create_task(watch(future, log, "b"));
    co_await eddy::yield();
    future.set_exception(error("broken"));
    co_await a;
    co_await b;
    CHECK_THROWS_AS(future.result(), std::runtime_error);
    CHECK(future.exception() != nullptr);
    CHECK_FALSE(future.cancelled());
  });
  CHECK(log == Log{"a failed: broken", "b failed: broken"});
}

EDDY_TEST_CASE("a future that is not done throws InvalidStateError when it is asked", "[task]") {
  const auto future = make_future<int>();
  CHECK_THROWS_AS(future.result(), eddy::InvalidStateError);
  CHECK_THROWS_AS(future.exception(), eddy::InvalidStateError);
  CHECK_FALSE(future.cancelled());
  future.set_result(1);
  CHECK(future.exception() == nullptr);
  co_return;
}

EDDY_TEST_CASE("setting a future twice or after a cancel is an error; set_result_unless_done is silent",
               "[task][c32]") {
  const auto set = make_future<int>();
  set.set_result(1);
  CHECK_THROWS_AS(set.set_result(2), eddy::InvalidStateError);
  CHECK_THROWS_AS(set.set_exception(error("late")), eddy::InvalidStateError);
  CHECK_FALSE(set.set_result_unless_done(3));
  CHECK_FALSE(set.cancel());
  CHECK(set.result() == 1);

  const auto cancelled = make_future<int>();
  CHECK(cancelled.cancel("why"));
  CHECK_FALSE(cancelled.cancel("again"));
  CHECK(cancelled.done());
  CHECK(cancelled.cancelled());
  CHECK_THROWS_AS(cancelled.set_result(1), eddy::InvalidStateError);
  CHECK_FALSE(cancelled.set_result_unless_done(1));
  CHECK_THROWS_AS(cancelled.result(), eddy::CancelledError);
  CHECK_THROWS_AS(cancelled.exception(), eddy::CancelledError);

  const auto pending = make_future<int>();
  CHECK(pending.set_result_unless_done(5));
  CHECK(pending.result() == 5);
  co_return;
}

EDDY_TEST_CASE("a null exception is refused", "[task]") {
  const auto future = make_future<int>();
  CHECK_THROWS_AS(future.set_exception(nullptr), std::invalid_argument);
  CHECK_FALSE(future.done());
  co_return;
}

EDDY_TEST_CASE("a future holds void, references and what can only be moved", "[task][c36]") {
  const auto nothing = make_future<void>();
  nothing.set_result();
  co_await nothing;
  STATIC_REQUIRE(std::is_void_v<decltype(nothing.result())>);

  int number = 1;
  const auto reference = make_future<int&>();
  reference.set_result(number);
  int& same = co_await reference;
  CHECK(&same == &number);

  const auto pointer = make_future<std::unique_ptr<int>>();
  pointer.set_result(std::make_unique<int>(3));
  const std::unique_ptr<int>& kept = co_await pointer;
  CHECK(*kept == 3);

  const auto text = make_future<std::string>();
  text.set_result(3, 'x');
  CHECK(text.result() == "xxx");
}

EDDY_LOOP_TEST_CASE("cancelling a task cancels the future that it awaits, and so everybody else who awaits it",
                    "[task][c9][order]") {
  Log log;
  test::run_virtual([&]() -> eddy::Task<> {
    const auto future = make_future<int>();
    auto stopped = eddy::create_task(watch(future, log, "stopped"));
    auto other = eddy::create_task(watch(future, log, "other"));
    co_await eddy::yield();
    stopped.cancel();
    CHECK(future.cancelled());
    co_await other;
    CHECK(stopped.cancelled());
    CHECK_FALSE(other.cancelled());
  });
  CHECK(log == Log{"other cancelled: "});
}

EDDY_LOOP_TEST_CASE("a cancelled waiter keeps its place among those who await the future", "[task][c9][order]") {
  Log log;
  test::run_virtual([&]() -> eddy::Task<> {
    const auto future = make_future<int>();
    const auto waiter = [&](std::string name) -> eddy::Task<> {
      const test::OnExit ends(log, std::move(name));
      co_await future;
    };
    auto a = eddy::create_task(waiter("a"));
    auto b = eddy::create_task(waiter("b"));
    auto c = eddy::create_task(waiter("c"));
    co_await eddy::yield();
    future.add_done_callback([&] { log.push_back("callback"); });
    b.cancel();
    CHECK(future.cancelled());
    CHECK(log.empty());
    co_await eddy::yield();
    CHECK(a.cancelled());
    CHECK(b.cancelled());
    CHECK(b.cancelling() == 1);
    CHECK(c.cancelled());
  });
  CHECK(log == Log{"a", "b", "c", "callback"});
}

EDDY_LOOP_TEST_CASE("cancelling a future throws CancelledError in the tasks that await it, with the reason",
                    "[task][c10][c14]") {
  Log log;
  test::run_virtual([&]() -> eddy::Task<> {
    const auto future = make_future<int>();
    auto task = eddy::create_task(watch(future, log, "task"));
    const auto uncaught = [&]() -> eddy::Task<int> { co_return co_await future; };
    auto left = eddy::create_task(uncaught());
    co_await eddy::yield();
    future.cancel("no more");
    co_await eddy::sleep(1s);
    CHECK_FALSE(task.cancelled());  // it caught what was not its own
    CHECK(task.done());
    CHECK(left.cancelled());
    CHECK(left.cancelling() == 0);
  });
  CHECK(log == Log{"task cancelled: no more"});
}

EDDY_LOOP_TEST_CASE("cancelling the future and then the task in one turn gives one CancelledError",
                    "[task][c9][order]") {
  int caught = 0;
  test::run_virtual([&]() -> eddy::Task<> {
    const auto future = make_future<int>();
    const auto body = [&]() -> eddy::Task<> {
      try {
        co_await future;
      } catch (const eddy::CancelledError&) {
        ++caught;
      }
      co_await eddy::sleep(1s);
      ++caught;
    };
    auto task = eddy::create_task(body());
    co_await eddy::yield();
    CHECK(future.cancel());
    CHECK(task.cancel());
    co_await eddy::sleep(5s);
    CHECK(task.cancelled());
  });
  CHECK(caught == 1);
}

EDDY_LOOP_TEST_CASE("a value that a waiter was given is delivered though it is cancelled in the same turn",
                    "[task][c72][c77][order]") {
  Log log;
  test::run_virtual([&]() -> eddy::Task<> {
    const auto future = make_future<int>();
    auto task = eddy::create_task(watch(future, log, "task"));
    co_await eddy::yield();
    future.set_result(7);
    CHECK(task.cancel());
    co_await eddy::sleep(1s);
    CHECK_FALSE(task.cancelled());
    CHECK(task.cancelling() == 1);
  });
  CHECK(log == Log{"task=7"});
}

EDDY_TEST_CASE(
    "an exception of a future that nobody retrieved is reported when the last Future goes, a cancelled one's never",
    "[task][c34]") {
  {
    const auto lost = make_future<int>();
    lost.set_exception(error("lost"));
    const auto seen = make_future<int>();
    seen.set_exception(error("seen"));
    CHECK(seen.exception() != nullptr);
    const auto cancelled = make_future<int>();
    cancelled.cancel();
    CHECK(test::take_reports().empty());
  }
  CHECK(test::take_reports() == Log{"an exception of a future was never retrieved: lost"});
  co_return;
}

EDDY_LOOP_TEST_CASE("done callbacks of a future run on the loop, in the order of waiters and callbacks",
                    "[task][c31][order]") {
  Log log;
  test::run_virtual([&]() -> eddy::Task<> {
    const auto future = make_future<int>();
    future.add_done_callback(
        [&](const eddy::Future<int>& done) { log.push_back("first " + std::to_string(done.result())); });
    auto waiter = eddy::create_task(watch(future, log, "waiter"));
    co_await eddy::yield();
    future.add_done_callback([&] { log.push_back("last"); });
    future.set_result(1);
    log.push_back("set");
    co_await waiter;
    future.add_done_callback([&] { log.push_back("late"); });
    log.push_back("added");
    co_await eddy::yield();
  });
  CHECK(log == Log{"set", "first 1", "waiter=1", "last", "added", "late"});
}

EDDY_LOOP_TEST_CASE("done callbacks of a future are removed before it is done, and may change the list while they run",
                    "[task][c30][order]") {
  Log log;
  test::run_virtual([&]() -> eddy::Task<> {
    const auto future = make_future<void>();
    const auto removed = future.add_done_callback([&, tracked = test::Tracked()] { log.push_back("never"); });
    eddy::DoneCallbackId second{};
    future.add_done_callback([&] {
      log.push_back("first");
      CHECK_FALSE(future.remove_done_callback(second));
      future.add_done_callback([&] { log.push_back("added"); });
    });
    second = future.add_done_callback([&] { log.push_back("second"); });
    CHECK(future.remove_done_callback(removed));
    CHECK_FALSE(future.remove_done_callback(removed));
    CHECK(test::Tracked::alive == 0);
    future.set_result();
    co_await eddy::yield();
    co_await eddy::yield();
  });
  CHECK(log == Log{"first", "second", "added"});
}

EDDY_TEST_CASE("the done callbacks of a future that goes before it is done are destroyed and never run", "[task]") {
  bool ran = false;
  {
    const auto future = make_future<int>();
    future.add_done_callback([&ran, tracked = test::Tracked()] { ran = true; });
    future.add_done_callback([&ran, tracked = test::Tracked()](const eddy::Future<int>&) { ran = true; });
    CHECK(test::Tracked::alive == 2);
  }
  CHECK(test::Tracked::alive == 0);
  co_await test::settle();
  CHECK_FALSE(ran);
}

EDDY_LOOP_TEST_CASE("the done callbacks of a future that is not done when its loop closes are destroyed, and it can still be set",
                    "[task][c334]") {
  std::optional<eddy::Future<int>> future;
  std::optional<eddy::FutureSetter<int>> setter;
  int called = 0;
  test::run_virtual([&]() -> eddy::Task<> {
    future.emplace(eddy::get_running_loop().create_future<int>());
    future->add_done_callback([&called, tracked = test::Tracked()] { ++called; });
    future->add_done_callback([&called, tracked = test::Tracked()](const eddy::Future<int>&) { ++called; });
    setter.emplace(future->setter());
    CHECK(test::Tracked::alive == 2);
    co_return;
  });
  CHECK(test::Tracked::alive == 0);
  (*setter)(1);
  CHECK(future->result() == 1);
  CHECK(called == 0);
}

EDDY_LOOP_TEST_CASE("a done callback that takes its future keeps it until it has run", "[task]") {
  int seen = 0;
  test::run_virtual([&seen]() -> eddy::Task<> {
    const auto future = make_future<int>();
    future.add_done_callback([&seen](const eddy::Future<int>& self) { seen += self.result(); });
    future.set_result(3);
    future.add_done_callback([&seen](const eddy::Future<int>& self) { seen += 10 * self.result(); });
    co_return;
  });
  CHECK(seen == 33);
}

EDDY_TEST_CASE("a setter completes its future once", "[task][c32]") {
  const auto future = make_future<int>();
  auto setter = future.setter();
  setter(5);
  CHECK(future.result() == 5);
  CHECK_THROWS_AS(setter(6), eddy::InvalidStateError);

  const auto moved_into = make_future<void>();
  auto first = moved_into.setter();
  auto second = std::move(first);
  CHECK_THROWS_AS(first(), eddy::InvalidStateError);
  CHECK_FALSE(moved_into.done());
  second();
  CHECK(moved_into.done());

  const auto failed = make_future<int>();
  failed.setter().set_exception(error("failed"));
  CHECK_THROWS_AS(failed.result(), std::runtime_error);
  co_return;
}

EDDY_TEST_CASE("a setter whose futures are all gone sets its value without harm", "[task][c294]") {
  auto future = eddy::get_running_loop().create_future<test::Tracked>();
  auto setter = future.setter();
  future = eddy::get_running_loop().create_future<test::Tracked>();
  setter(test::Tracked());
  CHECK(test::Tracked::alive == 0);
  CHECK_FALSE(future.done());
  co_return;
}

EDDY_TEST_CASE("a setter is silent if its future was cancelled meanwhile", "[task][c32]") {
  const auto future = make_future<int>();
  auto setter = future.setter();
  auto other = future.setter();
  future.cancel();
  CHECK_NOTHROW(setter(1));
  CHECK_NOTHROW(other.set_exception(error("late")));
  CHECK(future.cancelled());
  co_return;
}

EDDY_LOOP_TEST_CASE("a setter that is dropped unused breaks the promise: its waiters get an error instead of a hang",
                    "[task][c297]") {
  Log log;
  test::run_virtual([&]() -> eddy::Task<> {
    const auto future = make_future<int>();
    auto waiter = eddy::create_task(watch(future, log, "waiter"));
    {
      std::optional<eddy::FutureSetter<int>> setter = future.setter();
      co_await eddy::yield();
    }
    co_await waiter;
    CHECK_THROWS_AS(future.result(), eddy::BrokenPromise);
    const auto replaced = make_future<int>();
    auto setter = replaced.setter();
    setter = make_future<int>().setter();
    CHECK_THROWS_AS(replaced.result(), eddy::BrokenPromise);
    setter(1);
  });
  CHECK(log.size() == 1);
  CHECK(log[0].rfind("waiter failed: ", 0) == 0);
}

EDDY_LOOP_TEST_CASE("a future outlives its loop's run and can still be asked", "[task]") {
  std::optional<eddy::Future<std::string>> future;
  test::run_virtual([&]() -> eddy::Task<> {
    future = make_future<std::string>();
    CHECK(&future->get_loop() == &eddy::get_running_loop());
    future->set_result("kept");
    co_return;
  });
  CHECK(future->done());
  CHECK(future->result() == "kept");
}

EDDY_TEST_CASE("a callback of foreign code completes a future that a task awaits", "[task]") {
  struct OldApi {  // calls back some time later
    void fetch(void (*done)(void*, int), void* argument) {
      eddy::get_running_loop().call_later(1s, [=] { done(argument, 42); });
    }
  } api;
  const auto future = make_future<int>();
  api.fetch([](void* f, int value) { static_cast<const eddy::Future<int>*>(f)->set_result(value); },
            const_cast<void*>(static_cast<const void*>(&future)));
  const int value = co_await future;
  CHECK(value == 42);
}

EDDY_TEST_CASE("a value that was set stays when its setter is gone, and is given to who asks later", "[task][c294]") {
  const auto future = make_future<std::string>();
  {
    auto setter = future.setter();
    setter("sent");
  }
  CHECK(future.done());
  co_await eddy::sleep(1s);
  const std::string first = co_await future;
  const std::string second = co_await future;
  CHECK(first == "sent");
  CHECK(second == "sent");
}

EDDY_TEST_CASE("a setter that is dropped after its future was cancelled or set does nothing", "[task][c32]") {
  const auto cancelled = make_future<int>();
  const auto set = make_future<int>();
  {
    const eddy::FutureSetter<int> first(cancelled);
    const eddy::FutureSetter<int> second(set);
    cancelled.cancel();
    set.set_result(1);
  }
  CHECK(cancelled.cancelled());
  CHECK(set.result() == 1);
  co_return;
}

EDDY_TEST_CASE("a setter that was told not to break its promise leaves the future pending", "[task][c32]") {
  const auto future = make_future<int>();
  { const eddy::FutureSetter<int> setter(future, false); }
  CHECK_FALSE(future.done());
  co_return;
}

EDDY_TEST_CASE("a setter that is assigned to itself keeps its future", "[task]") {
  const auto future = make_future<int>();
  eddy::FutureSetter<int> setter(future);
  eddy::FutureSetter<int>& same = setter;
  setter = std::move(same);
  CHECK_FALSE(future.done());
  setter(4);
  CHECK(future.result() == 4);
  co_return;
}

EDDY_TEST_CASE("a future that only its done callback holds goes when that has run", "[task]") {
  const auto value = std::make_shared<int>(1);
  {
    const auto future = make_future<std::shared_ptr<int>>();
    future.add_done_callback([](const eddy::Future<std::shared_ptr<int>>&) {});
    future.set_result(value);
  }
  CHECK(value.use_count() == 2);
  co_await test::settle();
  CHECK(value.use_count() == 1);
}

EDDY_TEST_CASE("a done callback is removed from among tasks that wait", "[task][c30]") {
  const auto future = make_future<int>();
  Log log;
  auto first = eddy::create_task(watch(future, log, "first"));
  co_await test::settle();
  static bool called;  // a cancelled test may leave the callback behind
  called = false;
  const auto id = future.add_done_callback([] { called = true; });
  CHECK(future.remove_done_callback(id));
  CHECK_FALSE(future.remove_done_callback(id));
  future.set_result(2);
  co_await first;
  CHECK_FALSE(called);
  CHECK(log == Log{"first=2"});
}
