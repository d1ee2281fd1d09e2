// format.hpp: what the library's types look like when fmt prints them.
//
// SPDX-License-Identifier: MIT
#include <eddy/format.hpp>

#include "support/run.hpp"
#include <fmt/chrono.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using namespace test;

namespace {

constexpr int kLineOfSeven = __LINE__ + 1;
eddy::Task<int> seven() { co_return 7; }
eddy::Task<int> broken() {
  co_await eddy::yield();
  throw std::runtime_error("broken");
}

}  // namespace

TEST_CASE("durations are printed in seconds as Python prints them") {
  CHECK(fmt::format("{} {} {}", eddy::Seconds(1500ms), eddy::Seconds(2s), eddy::Seconds(250us)) ==
        "1.5s 2.0s 0.00025s");
}

EDDY_TEST_CASE("an Outcome is printed as its value, its error or as cancelled") {
  auto [value, error] = co_await eddy::gather(eddy::return_exceptions, seven(), broken());
  CHECK(fmt::format("{}|{}", value, error) == "7|error: broken");
  CHECK(fmt::format("{}", eddy::Outcome<int>::from_cancelled(std::make_exception_ptr(eddy::CancelledError()))) ==
        "cancelled");
}

EDDY_TEST_CASE("handles are printed with name and state, and a task tree one task a line", "[order]") {
  auto task = eddy::create_task(seven(), {.name = "lucky"});
  CHECK(fmt::format("{}", task) == "<Task lucky pending>");
  CHECK(fmt::format("{}", eddy::task_tree()) ==
        fmt::format("main is running\nlucky has not started at {}:{}", __FILE__, kLineOfSeven));
  co_await task;
  CHECK(fmt::format("{} {}", task, eddy::current_task()) == "<Task lucky done> <Task main pending>");
}

EDDY_TEST_CASE("a handle of a task that failed is printed with its error, which then still counts as never seen") {
  {
    auto task = eddy::create_task(broken(), {.name = "unlucky"});
    co_await test::settle(2);
    CHECK(fmt::format("{}", task) == "<Task unlucky failed: broken>");
    auto moved = std::move(task);
    CHECK(fmt::format("{}", task) == "<no task>");
  }
  const std::vector<std::string> reports = take_reports();
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].find("never retrieved") != std::string::npos);
}

EDDY_TEST_CASE("a TaskRef tells how its task ended for as long as somebody can ask for the outcome") {
  eddy::TaskRef ref;
  const auto fails = [&ref]() -> eddy::Task<> {
    ref = eddy::current_task();
    co_await eddy::yield();
    throw std::runtime_error("broken");
  };
  auto task = eddy::create_task(eddy::TaskOptions{.name = "unlucky"}, fails);
  co_await test::settle(2);
  CHECK(fmt::format("{}", ref) == "<Task unlucky failed: broken>");
  CHECK(task.exception());
  task = eddy::TaskHandle<>();
  CHECK(fmt::format("{}", ref) == "<Task unlucky ended>");
}

EDDY_TEST_CASE("a future is printed with its state, and with its error if it failed") {
  eddy::EventLoop& loop = eddy::get_running_loop();
  const auto given = loop.create_future<int>();
  const auto failed = loop.create_future<std::unique_ptr<int>>();
  const auto cancelled = loop.create_future<>();
  CHECK(fmt::format("{}", given) == "<Future pending>");
  given.set_result(1);
  failed.set_exception(std::make_exception_ptr(std::runtime_error("broken")));
  cancelled.cancel();
  CHECK(fmt::format("{} {} {}", given, failed, cancelled) ==
        "<Future done> <Future failed: broken> <Future cancelled>");
  CHECK(failed.exception());
  co_return;
}

TEST_CASE("an Outcome of void is printed as done, or as its error") {
  const auto error = std::make_exception_ptr(std::runtime_error("broken"));
  CHECK(fmt::format("{}", eddy::Outcome<void>::from_value()) == "done");
  CHECK(fmt::format("{}", eddy::Outcome<void>::from_exception(error)) == "error: broken");
  CHECK(fmt::format("{}", eddy::Outcome<void>::from_cancelled(std::make_exception_ptr(eddy::CancelledError()))) ==
        "cancelled");
}

TEST_CASE("durations are left to fmt's own header, which may stand beside eddy's") {
  CHECK(fmt::format("{} {}", 1500ms, eddy::Seconds(1500ms)) == "1500ms 1.5s");
}

TEST_CASE("an exception group is printed with its errors, nested ones indented") {
  std::vector<std::exception_ptr> inner{std::make_exception_ptr(std::runtime_error("a"))};
  std::vector<std::exception_ptr> outer{std::make_exception_ptr(std::logic_error("b")),
                                        std::make_exception_ptr(eddy::ExceptionGroup(std::move(inner)))};
  CHECK(fmt::format("{}", eddy::ExceptionGroup(std::move(outer))) == "2 errors\n  - b\n  - 1 error\n    - a");
}

TEST_CASE("each line of a task tree is indented by its depth") {
  eddy::TaskTree tree;
  tree.lines.push_back(eddy::TaskTreeLine{0, "main", "waits for gather at a.cpp:1"});
  tree.lines.push_back(eddy::TaskTreeLine{1, "Task-1", "waits for sleep at a.cpp:2"});
  CHECK(fmt::format("{}", tree) == "main waits for gather at a.cpp:1\n  Task-1 waits for sleep at a.cpp:2");
  CHECK(fmt::format("{}", eddy::TaskTree()).empty());
}

TEST_CASE("a format specification for one of the library's types is refused") {
  CHECK_THROWS_AS(fmt::format(fmt::runtime("{:x}"), eddy::Seconds(1s)), fmt::format_error);
}

EDDY_TEST_CASE("handles tell when their task is about to be cancelled, and was; an empty TaskRef says so") {
  auto task = eddy::create_task(seven(), {.name = "lucky"});
  task.cancel();
  CHECK(fmt::format("{}", task) == "<Task lucky cancelling>");
  co_await test::settle();
  CHECK(fmt::format("{} {}", task, eddy::TaskRef()) == "<Task lucky cancelled> <no task>");
}
