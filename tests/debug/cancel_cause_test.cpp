// Why a task was stopped: who, where and with which reason, as debug mode remembers it.
//
// SPDX-License-Identifier: MIT
#include "support/run.hpp"

#include <eddy/debug/cancel_cause.hpp>

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
