// format.hpp: what the library's types look like when fmt prints them.
//
// SPDX-License-Identifier: MIT
#include <eddy/format.hpp>

#include "support/run.hpp"

using namespace test;

namespace {

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
  CHECK(fmt::format("{}", eddy::task_tree()) == "main is running\nlucky has not started at " __FILE__ ":12");
  co_await task;
  CHECK(fmt::format("{} {}", task, eddy::current_task()) == "<Task lucky done> <Task main pending>");
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
