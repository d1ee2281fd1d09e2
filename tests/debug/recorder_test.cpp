// The recorder: why tasks were cancelled, and which way exceptions came.
//
// SPDX-License-Identifier: MIT
#include "support/run.hpp"

#include <eddy/debug/recorder.hpp>

#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

using namespace test;
using eddy::debug::CancelCause;
using eddy::debug::Recorder;

namespace {

std::string at(int line) { return std::string(__FILE__) + ':' + std::to_string(line); }

eddy::Task<> doze() { co_await eddy::sleep(1h); }

constexpr int kThrowLine = __LINE__ + 2;  // of the last await before
eddy::Task<> fail_later() {
  co_await eddy::sleep(1s);
  throw std::runtime_error("disk full");
}
constexpr int kCallLine = __LINE__ + 1;
eddy::Task<> call_fail_later() { co_await fail_later(); }

// A test in debug mode, on the virtual clock; slow machines must not fill it with reports of slow steps.
template <class F>
void run_recorded(F body) {
  const auto test = [&body]() -> eddy::Task<> {
    eddy::get_running_loop().set_slow_callback_duration(1h);
    Recorder recorder;
    co_await body(recorder);
  };
  run_virtual(test);
}

}  // namespace

EDDY_LOOP_TEST_CASE("the recorder tells who cancelled a task, at which line and why", "[recorder]") {
  run_recorded([](Recorder& recorder) -> eddy::Task<> {
    CHECK(eddy::get_running_loop().get_debug());
    auto worker = eddy::create_task(doze(), {.name = "worker"});
    CHECK_FALSE(recorder.why_cancelled(worker).has_value());
    const int line = __LINE__ + 1;
    const auto cancel = [&]() -> eddy::Task<> { worker.cancel("shutting down"); co_return; };
    co_await settle();
    co_await eddy::create_task(cancel(), {.name = "manager"});
    worker.cancel("too late to be the reason");
    const std::optional<CancelCause> cause = recorder.why_cancelled(worker);
    REQUIRE(cause.has_value());
    CHECK(cause->task == "worker");
    CHECK(cause->by == "manager");
    CHECK(cause->reason == "shutting down");
    CHECK(cause->where == at(line));
    CHECK(cause->text() == "worker was stopped by manager at " + at(line) + ": shutting down");
    co_await settle(2);
    CHECK(worker.cancelled());
    CHECK(recorder.why_cancelled(worker).has_value());  // also afterwards
  });
}

EDDY_LOOP_TEST_CASE("a destructor can ask the recorder why its task is stopped", "[recorder]") {
  run_recorded([](Recorder& recorder) -> eddy::Task<> {
    std::string text;
    const auto work = [&]() -> eddy::Task<> {
      const eddy::detail::ScopeExit ask([&]() noexcept { text = recorder.why_cancelled(eddy::current_task())->text(); });
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

EDDY_LOOP_TEST_CASE("the recorder knows cancels from callbacks and by a TaskRef", "[recorder]") {
  run_recorded([](Recorder& recorder) -> eddy::Task<> {
    auto worker = eddy::create_task(doze(), {.name = "worker"});
    co_await settle();
    int line = 0;
    eddy::Handle callback = eddy::get_running_loop().call_soon([&] {
      line = __LINE__ + 1;
      for (const eddy::TaskRef& task : eddy::all_tasks()) if (task.name() == "worker") task.cancel();
    });
    const eddy::detail::ScopeExit forget([&]() noexcept { callback.cancel(); });  // what it refers to ends here
    co_await settle(3);
    const auto cause = recorder.why_cancelled(worker);
    REQUIRE(cause.has_value());
    CHECK(cause->by.empty());
    CHECK(cause->where == at(line));
  });
}

EDDY_LOOP_TEST_CASE("the recorder follows a cancel that was passed on to an awaited task", "[recorder]") {
  run_recorded([](Recorder& recorder) -> eddy::Task<> {
    auto inner = eddy::create_task(doze(), {.name = "inner"});
    const int line = __LINE__ + 1;
    const auto await_inner = [&]() -> eddy::Task<> { co_await inner; };
    auto outer = eddy::create_task(await_inner(), {.name = "outer"});
    co_await settle(2);
    outer.cancel();
    co_await settle(3);
    const auto cause = recorder.why_cancelled(inner);
    REQUIRE(cause.has_value());
    CHECK(cause->text() == "inner was stopped by outer at " + at(line) + ": who awaited it was cancelled");
  });
}

EDDY_LOOP_TEST_CASE("the recorder names the group or the deadline that stopped a task", "[recorder]") {
  run_recorded([](Recorder& recorder) -> eddy::Task<> {
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
    auto cause = recorder.why_cancelled(child);
    REQUIRE(cause.has_value());
    CHECK(cause->text() == "child was stopped by main at " + at(line) + ": gather");

    const auto both = [&]() -> eddy::Task<> { co_await eddy::gather(remember(), doze()); };
    line = __LINE__ + 1;
    (void)co_await eddy::move_on_after(1s, both());
    cause = recorder.why_cancelled(child);
    REQUIRE(cause.has_value());
    CHECK(cause->text() == "child was stopped by main at " + at(line) + ": work with a deadline");

    auto parent = eddy::create_task(both(), {.name = "parent"});
    co_await settle(2);
    parent.cancel();
    co_await settle(3);
    cause = recorder.why_cancelled(child);
    REQUIRE(cause.has_value());
    CHECK(cause->by == "parent");
    CHECK(cause->reason == "it was cancelled");
  });
}

EDDY_LOOP_TEST_CASE("the recorder forgets the oldest of many, and nothing wrong of others", "[recorder]") {
  run_recorded([](Recorder& recorder) -> eddy::Task<> {
    std::vector<eddy::TaskHandle<>> handles;
    for (int i = 0; i < 300; ++i) handles.push_back(eddy::create_task(doze()));
    co_await settle();
    for (auto& handle : handles) handle.cancel(handle.name());
    co_await settle(2);
    const auto oldest = recorder.why_cancelled(handles.front());  // it may be unwound last, and be known again from that
    CHECK((!oldest.has_value() || (oldest->by.empty() && oldest->reason == handles.front().name())));
    REQUIRE(recorder.why_cancelled(handles.back()).has_value());
    CHECK(recorder.why_cancelled(handles.back())->reason == handles.back().name());
  });
}

EDDY_LOOP_TEST_CASE("an exception that crosses tasks tells the awaits through which it came", "[recorder]") {
  run_recorded([](Recorder& recorder) -> eddy::Task<> {
    auto worker = eddy::create_task(call_fail_later(), {.name = "worker"});
    int line = 0;
    const auto collect = [&]() -> eddy::Task<> {
      line = __LINE__ + 1;
      co_await worker;
    };
    std::exception_ptr error;
    try {
      co_await eddy::create_task(collect(), {.name = "collector"});
    } catch (...) {
      error = std::current_exception();
    }
    const std::vector<std::string> way = recorder.await_chain(error);
    CHECK(way == std::vector<std::string>{"worker at " + at(kThrowLine), "worker at " + at(kCallLine), "collector at " + at(line)});
    CHECK(recorder.describe(error) == "disk full\n  in worker at " + at(kThrowLine) + "\n  in worker at " + at(kCallLine) +
                                          "\n  in collector at " + at(line));
  });
}

EDDY_LOOP_TEST_CASE("the way of an exception goes through groups and stays with it when it is thrown again", "[recorder]") {
  run_recorded([](Recorder& recorder) -> eddy::Task<> {
    const auto again = []() -> eddy::Task<> {
      try {
        co_await eddy::gather(call_fail_later(), doze());
      } catch (const std::runtime_error&) {
        throw;
      }
    };
    std::exception_ptr error;
    try {
      co_await eddy::timeout(1h, again());
    } catch (...) {
      error = std::current_exception();
    }
    CHECK(recorder.await_chain(error).size() == 3);
    CHECK(recorder.await_chain(std::make_exception_ptr(1)).empty());
    CHECK(recorder.await_chain(nullptr).empty());
  });
}

EDDY_LOOP_TEST_CASE("the recorder keeps the last exceptions only", "[recorder]") {
  run_recorded([](Recorder& recorder) -> eddy::Task<> {
    const auto fail = []() -> eddy::Task<> {
      throw std::runtime_error("no");
      co_return;
    };
    std::vector<std::exception_ptr> errors;
    for (int i = 0; i < 20; ++i) {
      try {
        co_await fail();
      } catch (...) {
        errors.push_back(std::current_exception());
      }
    }
    CHECK(recorder.await_chain(errors.front()).empty());
    CHECK(recorder.await_chain(errors.back()).size() == 1);
  });
}

EDDY_LOOP_TEST_CASE("without a recorder nothing is remembered, and with one nothing else changes", "[recorder]") {
  run_virtual([]() -> eddy::Task<> {
    auto worker = eddy::create_task(doze());
    co_await settle();
    worker.cancel();
    co_await settle(2);
    CHECK(worker.cancelled());
    const Recorder late;
    CHECK_FALSE(late.why_cancelled(worker).has_value());
  });
}
