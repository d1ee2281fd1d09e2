// Tests of eddy/task/context_var.hpp.
// SPDX-License-Identifier: MIT
#include <eddy/task/context_var.hpp>

#include "support/run.hpp"

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace {

using Log = std::vector<std::string>;

eddy::ContextVar<std::string> request("request", "none");
eddy::ContextVar<int> without_default("without_default");

eddy::Task<std::string> read_request() { co_return request.get(); }
eddy::Task<> set_request(std::string value) {
  request.set(std::move(value));
  co_await eddy::yield();
}

}  // namespace

EDDY_LOOP_TEST_CASE("a context variable has its default until it is set, also outside a loop", "[task]") {
  CHECK(request.name() == "request");
  CHECK(request.get() == "none");
  CHECK(request.get("fallback") == "fallback");
  CHECK_THROWS_AS(without_default.get(), std::out_of_range);
  CHECK(without_default.get(5) == 5);
  CHECK_THROWS_AS(request.set("x"), eddy::NoRunningLoop);
  test::run_virtual([]() -> eddy::Task<> {
    CHECK(request.get() == "none");
    request.set("a");
    CHECK(request.get() == "a");
    CHECK(request.get("fallback") == "a");
    without_default.set(3);
    CHECK(without_default.get() == 3);
    co_return;
  });
  CHECK(request.get() == "none");
}

EDDY_TEST_CASE("a new task starts with its creator's values, and what it sets stays its own", "[task][c55]") {
  request.set("main's");
  Log seen;
  const auto child = [&]() -> eddy::Task<> {
    seen.push_back(request.get());
    request.set("child's");
    co_await eddy::yield();
    seen.push_back(request.get());
  };
  auto handle = eddy::create_task(child());
  request.set("main's, later");  // the child has its copy already
  co_await handle;
  CHECK(seen == Log{"main's", "child's"});
  CHECK(request.get() == "main's, later");
}

EDDY_TEST_CASE("tasks that interleave keep their own values", "[task][c55]") {
  int wrong = 0;
  const auto body = [&](std::string name) -> eddy::Task<> {
    request.set(name);
    for (int i = 0; i < 5; ++i) {
      co_await eddy::sleep(1ms);
      if (request.get() != name) ++wrong;
      const std::string inside = co_await read_request();
      if (inside != name) ++wrong;
    }
  };
  auto a = eddy::create_task(body("a"));
  auto b = eddy::create_task(body("b"));
  co_await a;
  co_await b;
  CHECK(wrong == 0);
  CHECK(request.get() == "none");
}

EDDY_TEST_CASE("an awaited Task is in its awaiter's context: what it sets is seen", "[task]") {
  co_await set_request("by the awaited");
  CHECK(request.get() == "by the awaited");
  co_await eddy::timeout(1s, set_request("by the body of a timeout"));
  CHECK(request.get() == "by the body of a timeout");
}

EDDY_TEST_CASE("each child of a gather has its own copy of its parent's values", "[task][c95]") {
  request.set("parent's");
  const auto child = [](std::string name) -> eddy::Task<std::string> {
    std::string seen = request.get();
    request.set(name);
    co_await eddy::sleep(1ms);
    seen += " " + request.get();
    co_return seen;
  };
  const auto seen = co_await eddy::gather(child("a"), child("b"));
  CHECK(std::get<0>(seen) == "parent's a");
  CHECK(std::get<1>(seen) == "parent's b");
  CHECK(request.get() == "parent's");
}

EDDY_TEST_CASE("reset puts back what was there before, also that there was nothing", "[task]") {
  const auto first = request.set("first");
  const auto second = request.set("second");
  CHECK(request.get() == "second");
  request.reset(second);
  CHECK(request.get() == "first");
  request.reset(first);
  CHECK(request.get() == "none");
  const auto number = without_default.set(1);
  without_default.reset(number);
  CHECK_THROWS_AS(without_default.get(), std::out_of_range);
  without_default.set(2);
  CHECK(without_default.get() == 2);
  co_return;
}

EDDY_TEST_CASE("a reset in a task does not reach its creator", "[task][c55]") {
  const auto token = request.set("main's");
  const auto child = [&]() -> eddy::Task<> {
    request.reset(token);
    CHECK(request.get() == "none");
    co_return;
  };
  co_await eddy::create_task(child());
  CHECK(request.get() == "main's");
}

EDDY_LOOP_TEST_CASE("callbacks see the values of where they were made", "[task][order]") {
  Log log;
  test::run_virtual([&]() -> eddy::Task<> {
    eddy::EventLoop& loop = eddy::get_running_loop();
    const auto read = [&] { log.push_back(request.get()); };
    loop.call_soon(read);
    request.set("a");
    loop.call_soon([&, read] {
      read();
      loop.call_soon(read);  // a callback hands its own on
    });
    loop.call_later(1s, read);
    const auto body = []() -> eddy::Task<> {
      request.set("of the task");
      co_await eddy::sleep(2s);
    };
    auto handle = eddy::create_task(body());
    handle.add_done_callback(read);
    request.set("b");
    co_await eddy::sleep(5s);
  });
  CHECK(log == Log{"none", "a", "a", "a", "a"});
}

EDDY_TEST_CASE("a context variable cannot be set in a callback", "[task]") {
  eddy::get_running_loop().call_soon([] { request.set("x"); });
  co_await test::settle();
  const Log reports = test::take_reports();
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].find("in a task only") != std::string::npos);
}

EDDY_LOOP_TEST_CASE("values are still there while destructors run because a task is stopped", "[task][c29][order]") {
  Log log;
  struct Probe {
    explicit Probe(Log& target) : log(target) {}
    Probe(const Probe&) = delete;
    Probe& operator=(const Probe&) = delete;
    ~Probe() { log.push_back(request.get()); }
    Log& log;
  };
  const auto leaf = [&]() -> eddy::Task<> {
    const Probe probe(log);
    co_await eddy::sleep(1h);
  };
  const auto root = [&](std::string name) -> eddy::Task<> {
    const Probe probe(log);
    request.set(name);
    co_await leaf();
  };
  test::run_virtual([&]() -> eddy::Task<> {
    auto cancelled = eddy::create_task(root("cancelled"));
    auto leftover = eddy::create_task(root("leftover"));
    co_await eddy::sleep(1s);
    cancelled.cancel();
    co_await eddy::yield();
  });
  CHECK(log == Log{"cancelled", "cancelled", "leftover", "leftover"});
}

EDDY_LOOP_TEST_CASE("values are destroyed when the last task that sees them is gone", "[task][c47]") {
  static eddy::ContextVar<std::shared_ptr<int>> variable("shared", nullptr);
  std::weak_ptr<int> weak;
  const auto child = []() -> eddy::Task<> { co_await eddy::sleep(2s); };
  const auto setter = [&]() -> eddy::Task<> {
    auto value = std::make_shared<int>(1);
    weak = value;
    variable.set(std::move(value));
    (void)eddy::create_task(child());
    co_return;
  };
  test::run_virtual([&]() -> eddy::Task<> {
    (void)eddy::create_task(setter());
    co_await eddy::sleep(1s);
    CHECK_FALSE(weak.expired());
    co_await eddy::sleep(2s);
    CHECK(weak.expired());
  });
}

EDDY_LOOP_TEST_CASE("the destructor of a value that goes with its task may use the loop, and sees no value",
                    "[task][c47]") {
  struct UsesTheLoop {
    UsesTheLoop(Log& log, eddy::ContextVar<std::shared_ptr<UsesTheLoop>>& of) : seen(&log), variable(&of) {}
    UsesTheLoop(const UsesTheLoop&) = delete;
    UsesTheLoop& operator=(const UsesTheLoop&) = delete;
    ~UsesTheLoop() {
      const eddy::testing::AllocationsSucceed pause;  // a sweep may be letting them fail
      seen->push_back(eddy::current_task().done() ? "no task" : "a task");
      seen->push_back(variable->get() == nullptr ? "unset" : "set");
      eddy::get_running_loop().call_soon([to = seen] { to->push_back("callback"); });
      const auto body = [](Log& to) -> eddy::Task<> {
        to.push_back("task");
        co_return;
      };
      (void)eddy::create_task(body(*seen));
    }
    Log* seen;
    eddy::ContextVar<std::shared_ptr<UsesTheLoop>>* variable;
  };
  static eddy::ContextVar<std::shared_ptr<UsesTheLoop>> variable("uses the loop", nullptr);
  Log log;
  test::run_virtual([&]() -> eddy::Task<> {
    const auto setter = [&]() -> eddy::Task<> {
      variable.set(std::make_shared<UsesTheLoop>(log, variable));
      co_return;
    };
    (void)eddy::create_task(setter());
    co_await eddy::sleep(1s);
  });
  std::sort(log.begin(), log.end());
  CHECK(log == Log{"callback", "no task", "task", "unset"});
}

EDDY_LOOP_TEST_CASE("many variables are kept apart", "[task]") {
  std::vector<std::unique_ptr<eddy::ContextVar<int>>> variables;
  for (int i = 0; i < 20; ++i) variables.push_back(std::make_unique<eddy::ContextVar<int>>("v", -1));
  test::run_virtual([&]() -> eddy::Task<> {
    for (std::size_t i = 0; i < variables.size(); i += 2) variables[i]->set(static_cast<int>(i));
    int right = 0;
    for (std::size_t i = 0; i < variables.size(); ++i) {
      right += variables[i]->get() == (i % 2 == 0 ? static_cast<int>(i) : -1);
    }
    CHECK(right == 20);
    co_return;
  });
}

EDDY_LOOP_TEST_CASE("a Token can be kept, and restores what was before its set", "[task]") {
  eddy::ContextVar<int> variable("depth", 0);
  test::run_virtual([&variable]() -> eddy::Task<> {
    eddy::ContextVar<int>::Token outer = variable.set(1);
    eddy::ContextVar<int>::Token inner = variable.set(2);
    variable.reset(inner);
    CHECK(variable.get() == 1);
    variable.reset(outer);
    CHECK(variable.get() == 0);
    CHECK(variable.name() == "depth");
    co_return;
  });
}
