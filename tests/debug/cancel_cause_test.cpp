// Why a task was stopped: who, where and with which reason, as debug mode remembers it.
//
// SPDX-License-Identifier: MIT
#include "support/run.hpp"

#include <eddy/debug/cancel_cause.hpp>
#include <eddy/threads.hpp>

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace test;
using eddy::debug::CancelCause;
using eddy::debug::why_cancelled;

namespace {

std::string at(int line) { return std::string(__FILE__) + ':' + std::to_string(line); }

eddy::Task<> doze() { co_await eddy::sleep(1h); }

eddy::Task<> fail_later() {
  co_await eddy::sleep(1s);
  throw std::runtime_error("disk full");
}

// A test in debug mode, on the virtual clock; slow machines must not fill it with reports of slow steps.
template <class F>
void in_debug_mode(F body) {
  const auto test = [&body]() -> eddy::Task<> {
    eddy::get_running_loop().set_slow_callback_duration(1h);
    eddy::get_running_loop().set_debug(true);
    co_await body();
  };
  run_virtual(test);
}

}  // namespace

EDDY_LOOP_TEST_CASE("debug mode remembers who cancelled a task, at which line and why", "[cancel_cause]") {
  in_debug_mode([]() -> eddy::Task<> {
    auto worker = eddy::create_task(doze(), {.name = "worker"});
    CHECK_FALSE(why_cancelled(worker).has_value());
    const int line = __LINE__ + 1;
    const auto cancel = [&]() -> eddy::Task<> { worker.cancel("shutting down"); co_return; };
    co_await settle();
    co_await eddy::create_task(cancel(), {.name = "manager"});
    worker.cancel("too late to be the reason");
    const std::optional<CancelCause> cause = why_cancelled(worker);
    REQUIRE(cause.has_value());
    CHECK(cause->task == "worker");
    CHECK(cause->by == "manager");
    CHECK(cause->reason == "shutting down");
    CHECK(cause->where == at(line));
    CHECK(cause->text() == "worker was stopped by manager at " + at(line) + ": shutting down");
    co_await settle(2);
    CHECK(worker.cancelled());
    CHECK(why_cancelled(worker).has_value());  // also afterwards
  });
}

EDDY_LOOP_TEST_CASE("a destructor can ask why its task is stopped", "[cancel_cause]") {
  in_debug_mode([]() -> eddy::Task<> {
    std::string text;
    const auto work = [&]() -> eddy::Task<> {
      const eddy::detail::ScopeExit ask([&]() noexcept { text = why_cancelled(eddy::current_task())->text(); });
      co_await eddy::sleep(1h);
    };
    auto worker = eddy::create_task(work(), {.name = "worker"});
    co_await settle();
    const int line = __LINE__ + 1;
    worker.cancel();
    co_await settle(2);
    CHECK(text == "worker was stopped by main at " + at(line));
  });
}

EDDY_LOOP_TEST_CASE("cancels from callbacks and by a TaskRef are remembered", "[cancel_cause]") {
  in_debug_mode([]() -> eddy::Task<> {
    auto worker = eddy::create_task(doze(), {.name = "worker"});
    co_await settle();
    int line = 0;
    eddy::Handle callback = eddy::get_running_loop().call_soon([&] {
      line = __LINE__ + 1;
      for (const eddy::TaskRef& task : eddy::all_tasks()) if (task.name() == "worker") task.cancel();
    });
    const eddy::detail::ScopeExit forget([&]() noexcept { callback.cancel(); });  // what it refers to ends here
    co_await settle(3);
    const auto cause = why_cancelled(worker);
    REQUIRE(cause.has_value());
    CHECK(cause->by.empty());
    CHECK(cause->where == at(line));
  });
}

EDDY_LOOP_TEST_CASE("a cancel that was passed on to an awaited task names who awaited it", "[cancel_cause]") {
  in_debug_mode([]() -> eddy::Task<> {
    auto inner = eddy::create_task(doze(), {.name = "inner"});
    const int line = __LINE__ + 1;
    const auto await_inner = [&]() -> eddy::Task<> { co_await inner; };
    auto outer = eddy::create_task(await_inner(), {.name = "outer"});
    co_await settle(2);
    outer.cancel();
    co_await settle(3);
    const auto cause = why_cancelled(inner);
    REQUIRE(cause.has_value());
    CHECK(cause->text() == "inner was stopped by outer at " + at(line) + ": who awaited it was cancelled");
  });
}

EDDY_LOOP_TEST_CASE("a task that a group or a deadline has stopped tells which", "[cancel_cause]") {
  in_debug_mode([]() -> eddy::Task<> {
    eddy::TaskRef child;
    const auto remember = [&]() -> eddy::Task<> {
      child = eddy::current_task();
      child.set_name("child");
      co_await eddy::sleep(1h);
    };
    int line = 0;
    try {
      line = __LINE__ + 1;
      co_await eddy::gather(remember(), fail_later());
    } catch (const std::runtime_error&) {
    }
    auto cause = why_cancelled(child);
    REQUIRE(cause.has_value());
    CHECK(cause->text() == "child was stopped by main at " + at(line) + ": gather");

    const auto both = [&]() -> eddy::Task<> { co_await eddy::gather(remember(), doze()); };
    line = __LINE__ + 1;
    (void)co_await eddy::move_on_after(1s, both());
    cause = why_cancelled(child);
    REQUIRE(cause.has_value());
    CHECK(cause->text() == "child was stopped by main at " + at(line) + ": work with a deadline");

    auto parent = eddy::create_task(both(), {.name = "parent"});
    co_await settle(2);
    parent.cancel();
    co_await settle(3);
    cause = why_cancelled(child);
    REQUIRE(cause.has_value());
    CHECK(cause->by == "parent");
    CHECK(cause->reason == "it was cancelled");
  });
}

EDDY_LOOP_TEST_CASE("a task whose handle a deadline has stopped tells where the deadline stands", "[cancel_cause]") {
  in_debug_mode([]() -> eddy::Task<> {
    auto worker = eddy::create_task(doze(), {.name = "worker"});
    const int line = __LINE__ + 1;
    const bool done = co_await eddy::move_on_after(1s, worker);
    CHECK_FALSE(done);
    const std::optional<CancelCause> cause = why_cancelled(worker);
    REQUIRE(cause.has_value());
    CHECK(cause->reason == "work with a deadline");
    CHECK(cause->where == at(line));
  });
}

EDDY_LOOP_TEST_CASE("a task whose handle is in a group that is cancelled tells where the group is awaited", "[cancel_cause]") {
  in_debug_mode([]() -> eddy::Task<> {
    std::vector<eddy::TaskHandle<>> workers;
    const auto start = [&]() {
      workers.clear();
      for (int i = 0; i < 2; ++i) workers.push_back(eddy::create_task(doze(), {.name = "worker"}));
    };
    const int line = __LINE__ + 2;
    const std::vector<eddy::Task<> (*)(std::vector<eddy::TaskHandle<>>&)> groups = {
        [](auto& all) -> eddy::Task<> { co_await eddy::gather(all[0], all[1]); },
        [](auto& all) -> eddy::Task<> { co_await eddy::gather(all); },
        [](auto& all) -> eddy::Task<> { co_await eddy::gather(all[0], all[1], doze()); },
        [](auto& all) -> eddy::Task<> { co_await eddy::race(all[0], all[1]); },
        [](auto& all) -> eddy::Task<> { co_await eddy::race(all); },
    };
    for (std::size_t i = 0; i < groups.size(); ++i) {
      const std::string place = at(line + static_cast<int>(i));
      start();
      auto outer = eddy::create_task(groups[i](workers), {.name = "outer"});
      co_await settle(2);
      outer.cancel();
      co_await settle(3);
      CHECK(outer.cancelled());
      for (const auto& worker : workers)
        CHECK(why_cancelled(worker)->text() == "worker was stopped by outer at " + place + ": who awaited it was cancelled");

      start();
      const int deadline = __LINE__ + 1;
      const bool done = co_await eddy::move_on_after(1s, groups[i](workers));
      CHECK_FALSE(done);
      for (const auto& worker : workers)
        CHECK(why_cancelled(worker)->text() == "worker was stopped by main at " + at(deadline) + ": work with a deadline");
    }
  });
}

EDDY_LOOP_TEST_CASE("a cancel from another thread is remembered with its line", "[cancel_cause]") {
  in_debug_mode([]() -> eddy::Task<> {
    auto future = eddy::run_coroutine_threadsafe(eddy::get_running_loop(), doze);
    co_await settle(3);
    std::optional<CancelCause> cause;
    eddy::TaskRef task;
    for (const eddy::TaskRef& each : eddy::all_tasks())
      if (each != eddy::current_task()) task = each;
    const int line = __LINE__ + 1;
    future.cancel();
    co_await settle(3);
    cause = why_cancelled(task);
    REQUIRE(cause.has_value());
    CHECK(cause->by.empty());
    CHECK(cause->where == at(line));
  });
}

EDDY_LOOP_TEST_CASE("a cancel that a library's own object gives names no line of the library", "[cancel_cause]") {
  in_debug_mode([]() -> eddy::Task<> {
    eddy::TaskRef worker;
    const auto work = [&](int item) -> eddy::Task<int> {
      worker = eddy::current_task();
      worker.set_name("worker");
      co_await eddy::sleep(1h);
      co_return item;
    };
    const auto numbers = []() -> eddy::AsyncGenerator<int> {
      for (int i = 0;; ++i) co_yield int{i};
    };
    {
      auto results = numbers() | eddy::transform_concurrent(work, 1);
      const auto wait_for_one = [&]() -> eddy::Task<> { (void)co_await results.next(); };
      (void)co_await eddy::move_on_after(1s, wait_for_one());
    }
    co_await settle(3);
    const auto cause = why_cancelled(worker);
    REQUIRE(cause.has_value());
    INFO(cause->text());
    CHECK(cause->where.find("include/eddy") == std::string::npos);
  });
}

EDDY_LOOP_TEST_CASE("why a task was stopped is remembered as long as somebody can ask", "[cancel_cause]") {
  in_debug_mode([]() -> eddy::Task<> {
    std::vector<eddy::TaskHandle<>> handles;
    for (int i = 0; i < 1000; ++i) handles.push_back(eddy::create_task(doze()));
    co_await settle();
    for (auto& handle : handles) handle.cancel(handle.name());
    co_await settle(2);
    for (const auto& handle : handles) {
      const auto cause = why_cancelled(handle);
      REQUIRE(cause.has_value());
      CHECK(cause->reason == handle.name());
      CHECK(cause->by == "main");
    }
  });
}

EDDY_LOOP_TEST_CASE("a task that the end of run has stopped tells that", "[cancel_cause]") {
  std::optional<CancelCause> cause;
  const auto linger = [&]() -> eddy::Task<> {
    const eddy::detail::ScopeExit ask([&]() noexcept { cause = why_cancelled(eddy::current_task()); });
    co_await eddy::sleep(1h);
  };
  const auto main = [&]() -> eddy::Task<> {
    eddy::get_running_loop().set_exception_handler([](const eddy::ExceptionContext&) {});  // of tasks that are left
    eddy::create_task(linger(), {.name = "left"});
    co_await eddy::sleep(1ms);
  };
  eddy::run(main(), {.debug = true});
  REQUIRE(cause.has_value());
  CHECK(cause->text() == "left was stopped: the main task had ended");
}

EDDY_LOOP_TEST_CASE("tasks that a cancel stops at great depth are told of one in between", "[cancel_cause]") {
  in_debug_mode([]() -> eddy::Task<> {
    eddy::TaskRef innermost;
    struct Nested {
      static eddy::Task<> gather(int levels, eddy::TaskRef& innermost) {
        if (levels > 0) {
          auto inner = gather(levels - 1, innermost);
          co_await eddy::gather(std::move(inner));
          co_return;
        }
        innermost = eddy::current_task();
        co_await eddy::sleep(1h);
      }
    };
    auto outer = eddy::create_task(Nested::gather(5'000, innermost), {.name = "outer"});
    co_await eddy::sleep(1s);
    outer.cancel();
    co_await eddy::sleep(1s);
    CHECK(outer.cancelled());
    const auto cause = why_cancelled(innermost);
    REQUIRE(cause.has_value());
    CHECK(cause->reason == "it was cancelled");
    CHECK(cause->by != "outer");
  });
}

EDDY_LOOP_TEST_CASE("without debug mode nothing is remembered", "[cancel_cause]") {
  run_virtual([]() -> eddy::Task<> {
    eddy::get_running_loop().set_debug(false);
    auto worker = eddy::create_task(doze());
    CHECK_FALSE(why_cancelled(worker).has_value());
    co_await settle();
    worker.cancel("not needed");
    co_await settle(2);
    CHECK(worker.cancelled());
    CHECK_FALSE(why_cancelled(worker).has_value());
    CHECK_FALSE(why_cancelled(eddy::TaskRef()).has_value());
  });
}

EDDY_LOOP_TEST_CASE("a task that was cancelled before debug mode was switched on tells its reason", "[cancel_cause]") {
  run_virtual([]() -> eddy::Task<> {
    eddy::get_running_loop().set_debug(false);
    eddy::get_running_loop().set_slow_callback_duration(1h);
    auto worker = eddy::create_task(doze(), {.name = "worker"});
    co_await settle();
    worker.cancel("not needed");
    eddy::get_running_loop().set_debug(true);
    co_await settle(2);
    const auto cause = why_cancelled(worker);
    REQUIRE(cause.has_value());
    CHECK(cause->text() == "worker was stopped: not needed");
  });
}
