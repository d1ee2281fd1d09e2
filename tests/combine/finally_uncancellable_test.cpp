// uncancellable: work that the caller's cancel does not reach and that is waited for.
//
// SPDX-License-Identifier: MIT
#include "support/work.hpp"

#include <memory>
#include <optional>

using namespace test;

EDDY_TEST_CASE("uncancellable passes values, references, void and errors through") {
  const int value = co_await eddy::uncancellable(after(1s, 1));
  CHECK(value == 1);
  int x = 0;
  auto reference = [&]() -> eddy::Task<int&> {
    co_await eddy::yield();
    co_return x;
  };
  int& same = co_await eddy::uncancellable(reference());
  CHECK(&same == &x);
  auto nothing = eddy::uncancellable(nap(1s));
  static_assert(std::is_void_v<decltype(nothing.await_resume())>);
  co_await nothing;
  const std::string how = co_await ending_by_kind(eddy::uncancellable(fail_after(1s, "bad")));
  CHECK(how == "bad");
}

EDDY_TEST_CASE("a cancel of the caller waits for uncancellable work and takes effect at the next blocking suspension") {
  std::vector<std::string> log;
  auto shielded = [&]() -> eddy::Task<int> {
    for (int i = 0; i < 5; ++i) co_await eddy::sleep(1s);
    log.push_back("work ended");
    co_return 42;
  };
  auto work = [&]() -> eddy::Task<> {
    const int value = co_await eddy::uncancellable(shielded());
    log.push_back("got " + std::to_string(value));
    CHECK(eddy::current_task().cancelling() == 1);
    co_await eddy::yield();
    log.push_back("not reached");
  };
  auto handle = eddy::create_task(work());
  co_await eddy::sleep(1s);
  const auto start = now();
  handle.cancel();
  const std::string how = co_await ending_by_kind(handle);
  CHECK(how == "CancelledError ");
  CHECK(now() - start == 4s);
  const std::vector<std::string> expected{"work ended", "got 42"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("uncancellable work starts even if a cancel is in force, and its value may be returned") {
  auto work = []() -> eddy::Task<int> {
    eddy::current_task().cancel();
    co_return co_await eddy::uncancellable(after(5s, 7));
  };
  const auto start = now();
  const int value = co_await eddy::create_task(work());
  CHECK(value == 7);
  CHECK(now() - start == 5s);
}

EDDY_TEST_CASE("an error of uncancellable work is delivered to a cancelled caller, and the cancel stays in force") {
  std::string caught;
  bool reached = false;
  auto work = [&]() -> eddy::Task<> {
    caught = co_await ending_by_kind(eddy::uncancellable(fail_after(5s, "bad")));
    co_await eddy::yield();
    reached = true;
  };
  auto handle = eddy::create_task(work());
  co_await eddy::sleep(1s);
  handle.cancel();
  const std::string how = co_await ending_by_kind(handle);
  CHECK(how == "CancelledError ");
  CHECK(caught == "bad");
  CHECK_FALSE(reached);
}

EDDY_TEST_CASE("the caller's cancel is invisible to every kind of wait inside uncancellable work") {
  std::vector<std::string> log;
  eddy::Semaphore semaphore(0);
  const auto future = eddy::get_running_loop().create_future<int>();
  const auto other = eddy::create_task(after(4s, 1));
  auto shielded = [&]() -> eddy::Task<> {
    co_await eddy::sleep(2s);
    log.push_back("slept");
    co_await eddy::yield();
    log.push_back("yielded");
    co_await eddy::gather(nap(1s), nap(1s));
    log.push_back("gathered");
    const int from_task = co_await other;
    log.push_back("task " + std::to_string(from_task));
    const auto permit = co_await semaphore.scoped();
    log.push_back("acquired");
    const int from_future = co_await future;
    log.push_back("future " + std::to_string(from_future));
    co_await eddy::try_finally(nap(1s), nap(1s));
    log.push_back("tried");
  };
  auto work = [&]() -> eddy::Task<> { co_await eddy::uncancellable(shielded()); };
  auto handle = eddy::create_task(work());
  co_await eddy::sleep(1s);
  handle.cancel();
  co_await eddy::sleep(9s);
  semaphore.release();
  co_await eddy::sleep(1s);
  future.set_result(2);
  (void)co_await ending_by_kind(handle);
  const std::vector<std::string> expected{"slept", "yielded", "gathered", "task 1", "acquired", "future 2", "tried"};
  CHECK(log == expected);
  CHECK(other.cancelling() == 0);
}

EDDY_TEST_CASE("a timeout around uncancellable work waits for it and gives its value") {
  const auto start = now();
  const int value = co_await eddy::timeout(1s, eddy::uncancellable(after(5s, 3)));
  CHECK(value == 3);
  CHECK(now() - start == 5s);
}

EDDY_TEST_CASE("a timeout inside uncancellable work still expires") {
  const auto start = now();
  const std::string how = co_await ending_by_kind(eddy::uncancellable(eddy::timeout(1s, nap(1h))));
  CHECK(how == "TimeoutError");
  CHECK(now() - start == 1s);
}

EDDY_TEST_CASE("uncancellable with a limit stops its work at the limit, waits for it and throws TimeoutError") {
  const auto start = now();
  const std::string how = co_await ending_by_kind(eddy::uncancellable(2s, eddy::try_finally(nap(1h), nap(1s))));
  CHECK(how == "TimeoutError");
  CHECK(now() - start == 3s);
  const int value = co_await eddy::uncancellable(2s, after(1s, 5));
  CHECK(value == 5);
}

EDDY_TEST_CASE(
    "uncancellable with a limit bounds the work of a cancelled caller, who then stops instead of a TimeoutError",
    "[c171]") {
  bool caught = false;
  auto work = [&]() -> eddy::Task<> {
    try {
      co_await eddy::uncancellable(5s, nap(1h));
    } catch (const eddy::TimeoutError&) {
      caught = true;
    }
  };
  auto handle = eddy::create_task(work());
  co_await eddy::sleep(1s);
  const auto start = now();
  handle.cancel();
  const std::string how = co_await ending_by_kind(handle);
  CHECK(how == "CancelledError ");
  CHECK_FALSE(caught);
  CHECK(now() - start == 4s);
}

EDDY_TEST_CASE("uncancellable with a limit of zero lets its work run to its first wait") {
  bool started = false;
  auto body = [&]() -> eddy::Task<> {
    started = true;
    co_await eddy::sleep(1s);
  };
  const auto start = now();
  const std::string how = co_await ending_by_kind(eddy::uncancellable(0s, body()));
  CHECK(how == "TimeoutError");
  CHECK(started);
  CHECK(now() - start == 0s);
}

EDDY_TEST_CASE("uncancellable work that cancels its own task goes on; the task stops afterwards") {
  std::vector<std::string> log;
  auto shielded = [&]() -> eddy::Task<> {
    eddy::current_task().cancel();
    co_await eddy::sleep(1s);
    log.push_back("went on");
  };
  auto work = [&]() -> eddy::Task<> {
    co_await eddy::uncancellable(shielded());
    log.push_back("after");
    co_await eddy::sleep(0s);
    log.push_back("not reached");
  };
  const std::string how = co_await ending_by_kind(eddy::create_task(work()));
  CHECK(how == "CancelledError ");
  const std::vector<std::string> expected{"went on", "after"};
  CHECK(log == expected);
}

EDDY_LOOP_TEST_CASE("uncancellable work runs in the caller's task") {
  static eddy::ContextVar<int> setting("setting", 0);
  run_virtual([]() -> eddy::Task<> {
    const eddy::TaskRef caller = eddy::current_task();
    bool same = false;
    auto body = [&]() -> eddy::Task<> {
      same = eddy::current_task() == caller;
      setting.set(3);
      co_await eddy::yield();
    };
    co_await eddy::uncancellable(body());
    CHECK(same);
    CHECK(setting.get() == 3);
  });
}

EDDY_TEST_CASE("uncancellable around a handle keeps the caller's cancel from the task behind it") {
  const auto inner = eddy::create_task(after(5s, 1));
  auto work = [&]() -> eddy::Task<int> { co_return co_await eddy::uncancellable(inner); };
  auto handle = eddy::create_task(work());
  co_await eddy::sleep(1s);
  handle.cancel();
  const int value = co_await handle;
  CHECK(value == 1);
  CHECK(inner.cancelling() == 0);
}

EDDY_TEST_CASE("a task may be cancelled many times while its uncancellable work runs") {
  auto work = []() -> eddy::Task<int> { co_return co_await eddy::uncancellable(after(5s, 1)); };
  auto handle = eddy::create_task(work());
  for (int i = 0; i < 3; ++i) {
    co_await eddy::sleep(1s);
    CHECK(handle.cancel());
  }
  CHECK(handle.cancelling() == 3);
  const int value = co_await handle;
  CHECK(value == 1);
  CHECK_FALSE(handle.cancel());
}

EDDY_TEST_CASE("uncancellable work inside a cancelled gather child is finished before gather lets its caller go") {
  bool finished = false;
  auto child = [&]() -> eddy::Task<> {
    co_await eddy::uncancellable(nap(3s));
    finished = true;
    co_await eddy::yield();
    finished = false;
  };
  auto work = [&]() -> eddy::Task<> { co_await eddy::gather(child(), nap(1h)); };
  auto handle = eddy::create_task(work());
  co_await eddy::sleep(1s);
  handle.cancel();
  const std::string how = co_await ending_by_kind(handle);
  CHECK(how == "CancelledError ");
  CHECK(finished);
}
