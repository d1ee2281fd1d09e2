// task_group: joining, the body's value, cancel, start, nesting, eager starts, and what a group keeps of its tasks.
//
// Errors and stops are in task_group_errors_test.cpp.
//
// SPDX-License-Identifier: MIT
#include "support/work.hpp"

#include <algorithm>
#include <memory>
#include <optional>

using namespace test;

namespace {

// Sleeps, and takes `delay` for its cleanup.
eddy::Task<> log_when_stopped(std::vector<std::string>& log, std::string line, std::chrono::nanoseconds delay) {
  co_await eddy::try_finally(nap(1h), log_after(log, std::move(line), delay));
}

using Lines = std::vector<std::string>;
constexpr eddy::TaskOptions kEager{.eager_start = true};

eddy::Task<> tree(eddy::TaskGroup& group, int width, int depth, int& count) {
  ++count;
  if (depth == 0) co_return;
  for (int i = 0; i < width; ++i) group.create_task(tree(group, width, depth - 1, count));
  co_await eddy::yield();
}

eddy::Task<> nested_groups(int width, int depth, int& count) {
  ++count;
  if (depth == 0) co_return;
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    for (int i = 0; i < width; ++i) group.create_task(nested_groups(width, depth - 1, count));
    co_return;
  };
  co_await eddy::task_group(body);
}

}  // namespace

EDDY_TEST_CASE("a task group ends when all of its tasks have ended", "[c121]") {
  Lines log;
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    group.create_task(log_after(log, "slow", 3s));
    group.create_task(log_after(log, "fast", 1s));
    log.push_back("body ends");
    co_return;
  };
  const auto start = now();
  co_await eddy::task_group(body);
  CHECK(now() - start == 3s);
  const Lines expected{"body ends", "fast", "slow"};
  CHECK(log == expected);
  CHECK(eddy::all_tasks().size() == 1);
}

EDDY_TEST_CASE("a task that the body adds after a wait is joined as well", "[c122]") {
  Lines log;
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    group.create_task(log_after(log, "first", 5s));
    co_await eddy::sleep(2s);
    group.create_task(log_after(log, "second", 10s));
  };
  const auto start = now();
  co_await eddy::task_group(body);
  CHECK(now() - start == 12s);
  const Lines expected{"first", "second"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("a group with tasks that end before the body waits for the body", "[c121]") {
  Lines log;
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    group.create_task(log_after(log, "task", 1s));
    co_await eddy::sleep(4s);
    log.push_back("body");
  };
  const auto start = now();
  co_await eddy::task_group(body);
  CHECK(now() - start == 4s);
  const Lines expected{"task", "body"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("a task group gives its body's value, after all tasks have ended") {
  Lines log;
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<int> {
    group.create_task(log_after(log, "task", 2s));
    co_return 42;
  };
  const int value = co_await eddy::task_group(body);
  CHECK(value == 42);
  CHECK(log == Lines{"task"});
}

EDDY_TEST_CASE("a task group gives move-only values and references") {
  auto boxes = [](eddy::TaskGroup& group) -> eddy::Task<std::unique_ptr<int>> {
    group.create_task(nap(1s));
    co_return std::make_unique<int>(5);
  };
  const std::unique_ptr<int> box = co_await eddy::task_group(boxes);
  REQUIRE(box);
  CHECK(*box == 5);
  int target = 0;
  auto refers = [&](eddy::TaskGroup&) -> eddy::Task<int&> { co_return target; };
  int& reference = co_await eddy::task_group(refers);
  CHECK(&reference == &target);
}

EDDY_TEST_CASE("a task group without tasks is over with its body, in the same turn") {
  const test::TurnProbe other_ran;
  auto body = [](eddy::TaskGroup&) -> eddy::Task<int> { co_return 1; };
  const int value = co_await eddy::task_group(body);
  CHECK(value == 1);
  CHECK_FALSE(other_ran);
  co_await eddy::yield();  // the callback refers to this frame
}

EDDY_TEST_CASE("further arguments of task_group are owned and passed on to the body") {
  struct Body {
    static eddy::Task<std::string> run_it(eddy::TaskGroup& group, std::string text, std::unique_ptr<int> number,
                                          int& counter) {
      group.create_task(nap(1s));
      co_await eddy::sleep(1s);
      ++counter;
      co_return text + std::to_string(*number);
    }
  };
  int counter = 0;
  auto number = std::make_unique<int>(5);
  auto group = eddy::task_group(&Body::run_it, std::string("a string that is too long for the small buffer "),
                                std::move(number), std::ref(counter));
  const std::string text = co_await std::move(group);
  CHECK(text == "a string that is too long for the small buffer 5");
  CHECK(counter == 1);
}

EDDY_TEST_CASE("a group's tasks start in later turns, in the order in which they were added, not inside create_task",
               "[order]") {
  Lines log;
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    group.create_task(logged(log, "a", 0s));
    group.create_task(logged(log, "b", 0s));
    log.push_back("body");
    co_return;
  };
  co_await eddy::task_group(body);
  REQUIRE(log.size() == 7);
  CHECK(log[0] == "body");
  CHECK(log[1] == "a starts");
  CHECK(log[2] == "b starts");
}

EDDY_TEST_CASE("create_task of a group gives a handle whose result can be awaited in the group and asked after it") {
  std::optional<eddy::TaskHandle<int>> kept;
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<int> {
    auto a = group.create_task(after(1s, 1));
    kept = group.create_task(after(3s, 2));
    const int first = co_await a;
    co_return first * 10;
  };
  const int value = co_await eddy::task_group(body);
  CHECK(value == 10);
  REQUIRE(kept);
  CHECK(kept->done());
  CHECK(kept->result() == 2);
}

EDDY_TEST_CASE("the results of a group's tasks can be taken by move") {
  auto boxed = []() -> eddy::Task<std::unique_ptr<int>> {
    co_await eddy::sleep(1s);
    co_return std::make_unique<int>(3);
  };
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<int> {
    auto handle = group.create_task(boxed);
    const std::unique_ptr<int> box = co_await std::move(handle);
    co_return *box;
  };
  const int value = co_await eddy::task_group(body);
  CHECK(value == 3);
}

EDDY_TEST_CASE("a group's create_task owns a function's captures and arguments for as long as the task runs",
               "[c154]") {
  Lines log;
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    const std::string captured = "captured by value, and long enough for the heap";
    auto prints = [captured, &log](std::string argument) -> eddy::Task<> {
      co_await eddy::sleep(1s);
      log.push_back(captured + argument);
    };
    group.create_task(prints, std::string(" and an argument"));
    co_return;  // the closure here is gone when the task resumes
  };
  co_await eddy::task_group(body);
  CHECK(log == Lines{"captured by value, and long enough for the heap and an argument"});
}

EDDY_TEST_CASE("a member function's object lives as long as the group's task that calls it", "[c154]") {
  struct Worker {
    explicit Worker(std::string n) : name(std::move(n)) {}
    eddy::Task<> operator()(Lines* log) {
      co_await eddy::sleep(1s);
      log->push_back(name);
    }
    std::string name;
  };
  Lines log;
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    Worker worker("a worker with a name that needs the heap");
    group.create_task(eddy::own(std::move(worker)), &log);
    co_return;
  };
  co_await eddy::task_group(body);
  CHECK(log == Lines{"a worker with a name that needs the heap"});
}

EDDY_TEST_CASE("a group's task is named by its options") {
  std::string inside;
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    auto tells = [&]() -> eddy::Task<> {
      inside = eddy::current_task().name();
      co_return;
    };
    auto handle = group.create_task(eddy::TaskOptions{.name = "fetcher"}, tells);
    CHECK(handle.name() == "fetcher");
    co_await handle;
  };
  co_await eddy::task_group(body);
  CHECK(inside == "fetcher");
}

EDDY_TEST_CASE("a child may add tasks to the group while the parent waits", "[c140][c155]") {
  Lines log;
  struct Child {
    static eddy::Task<> run_it(eddy::TaskGroup& group, Lines& lines) {
      co_await eddy::sleep(1s);
      group.create_task(log_after(lines, "grandchild", 5s));
      lines.push_back("child ends");
    }
  };
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    group.create_task(Child::run_it(group, log));
    co_return;
  };
  const auto start = now();
  co_await eddy::task_group(body);
  CHECK(now() - start == 6s);
  const Lines expected{"child ends", "grandchild"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("a tree of tasks that all add to one group runs completely", "[c140][c145]") {
  int count = 0;
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> { co_await tree(group, 5, 4, count); };
  co_await eddy::task_group(body);
  CHECK(count == 1 + 5 + 25 + 125 + 625);
}

EDDY_TEST_CASE("recursive groups of five children, four deep, all run", "[c145]") {
  int count = 0;
  co_await nested_groups(5, 4, count);
  CHECK(count == 1 + 5 + 25 + 125 + 625);
  CHECK(eddy::all_tasks().size() == 1);
}

EDDY_TEST_CASE("what finished tasks gave is released at once while the group goes on", "[c141]") {
  int most = 0;
  auto gives = []() -> eddy::Task<Tracked> {
    co_await eddy::yield();
    co_return Tracked();
  };
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    for (int i = 0; i < 1000; ++i) {
      group.create_task(gives);
      co_await eddy::yield();
      most = std::max(most, Tracked::alive);
    }
    co_await eddy::sleep(1s);
    CHECK(Tracked::alive == 0);
    CHECK(eddy::all_tasks().size() == 1);  // the caller; the body is a part of it
  };
  co_await eddy::task_group(body);
  CHECK(most <= 3);
}

EDDY_TEST_CASE("a hundred thousand tasks of one group leave nothing behind", "[c141][large]") {
  int count = 0;
  struct Child {
    static eddy::Task<> run_it(int& counter) {
      ++counter;
      co_return;
    }
  };
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    for (int i = 0; i < 1000; ++i) {
      for (int j = 0; j < 100; ++j) group.create_task(Child::run_it(count));
      co_await eddy::yield();
    }
  };
  co_await eddy::task_group(body);
  CHECK(count == 100'000);
}

EDDY_TEST_CASE("a group of a million tasks, all there at once, ends or is cancelled on a flat stack", "[c141][deep]") {
  constexpr int kMany = 1'000'000;
  int ended = 0;
  int gone = 0;
  struct Child {
    static eddy::Task<> run_it(int& ends, int& goes, std::chrono::nanoseconds delay) {
      const eddy::detail::ScopeExit exit([&goes]() noexcept { ++goes; });
      co_await eddy::sleep(delay);
      ++ends;
    }
  };
  for (const bool cancelled : {false, true}) {
    const std::chrono::nanoseconds delay = cancelled ? 2h : 1s;
    auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> {
      for (int i = 0; i < kMany; ++i) group.create_task(Child::run_it(ended, gone, delay));
      if (!cancelled) co_return;
      co_await eddy::sleep(1s);
      group.cancel();
    };
    co_await eddy::task_group(body);
    CHECK(ended == kMany);
    CHECK(gone == (cancelled ? 2 * kMany : kMany));
  }
}

EDDY_LOOP_TEST_CASE("a task of a group sees its creator's ContextVar values, and what it sets stays its own",
                    "[c55][order]") {
  static eddy::ContextVar<int> request("request", 0);
  run_virtual([]() -> eddy::Task<> {
    request.set(1);
    std::vector<int> seen;
    auto child = [&](int mine) -> eddy::Task<> {
      seen.push_back(request.get());
      request.set(mine);
      co_await eddy::sleep(1s);
      seen.push_back(request.get());
    };
    auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> {
      group.create_task(child, 10);
      group.create_task(child, 20);
      co_return;
    };
    co_await eddy::task_group(body);
    const std::vector<int> expected{1, 1, 10, 20};
    CHECK(seen == expected);
    CHECK(request.get() == 1);
  });
}

EDDY_TEST_CASE("the body runs in the caller's task, the group's tasks do not") {
  const eddy::TaskRef caller = eddy::current_task();
  bool body_is_caller = false;
  bool child_is_caller = true;
  auto child = [&]() -> eddy::Task<> {
    child_is_caller = eddy::current_task() == caller;
    co_return;
  };
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    body_is_caller = eddy::current_task() == caller;
    group.create_task(child);
    co_return;
  };
  co_await eddy::task_group(body);
  CHECK(body_is_caller);
  CHECK_FALSE(child_is_caller);
}

EDDY_TEST_CASE("a group's tasks can be awaited in the order in which they end", "[c152]") {
  auto body = [](eddy::TaskGroup& group) -> eddy::Task<std::vector<int>> {
    std::vector<eddy::TaskHandle<int>> handles;
    for (const int s : {3, 1, 2}) handles.push_back(group.create_task(after(std::chrono::seconds(s), s)));
    auto order = eddy::as_completed(handles);
    std::vector<int> values;
    while (auto handle = co_await order.next()) values.push_back(handle->result());
    co_return values;
  };
  const std::vector<int> values = co_await eddy::task_group(body);
  const std::vector<int> expected{1, 2, 3};
  CHECK(values == expected);
}

EDDY_TEST_CASE("a group that has ended takes no more tasks: create_task throws and destroys the task unrun",
               "[c142][c155]") {
  eddy::TaskGroup* kept = nullptr;
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    CHECK_FALSE(group.closing());
    kept = &group;
    group.create_task(nap(1s));
    co_return;
  };
  auto group = eddy::task_group(body);
  co_await group;
  REQUIRE(kept != nullptr);
  CHECK(kept->closing());
  bool ran = false;
  auto late = [&](Tracked) -> eddy::Task<> {
    ran = true;
    co_return;
  };
  CHECK_THROWS_AS(kept->create_task(late(Tracked())), eddy::RuntimeError);
  CHECK_THROWS_AS(kept->create_task(late, Tracked()), eddy::RuntimeError);
  kept->cancel();  // harmless
  co_await eddy::sleep(1s);
  CHECK_FALSE(ran);
  CHECK(Tracked::alive == 0);
}

EDDY_TEST_CASE("adding a Task that was used before is an error, and the group goes on") {
  Lines log;
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    eddy::Task<> task = log_after(log, "once", 1s);
    group.create_task(std::move(task));
    CHECK_THROWS_AS(group.create_task(std::move(task)), eddy::InvalidStateError);
    co_return;
  };
  co_await eddy::task_group(body);
  CHECK(log == Lines{"once"});
}

EDDY_TEST_CASE("g.cancel() stops the body and all tasks, and the group ends without an error", "[order]") {
  Lines log;
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    const OnExit exit(log, "body gone");
    group.create_task(logged(log, "a", 1h));
    group.create_task(logged(log, "b", 2h));
    eddy::get_running_loop().call_later(1s, [&] { group.cancel(); });
    co_await eddy::sleep(1h);
    log.push_back("not reached");
  };
  const auto start = now();
  co_await eddy::task_group(body);
  CHECK(now() - start == 1s);
  const Lines expected{"a starts", "b starts", "a gone", "b gone", "body gone"};
  CHECK(log == expected);
  CHECK(eddy::current_task().cancelling() == 0);
  co_await eddy::sleep(1s);
  CHECK(now() - start == 2s);
}

EDDY_TEST_CASE("a group that was cancelled gives the value that its body had given") {
  Lines log;
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<int> {
    group.create_task(logged(log, "a", 1h));
    eddy::get_running_loop().call_later(1s, [&] { group.cancel(); });
    co_return 5;
  };
  const int value = co_await eddy::task_group(body);
  CHECK(value == 5);
  CHECK(log == Lines{"a starts", "a gone"});
}

EDDY_TEST_CASE("a body that cancels its group and returns without blocking gives its value") {
  bool ran = false;
  auto child = [&]() -> eddy::Task<> {
    ran = true;
    co_return;
  };
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<int> {
    group.create_task(child);
    group.cancel();
    CHECK(group.closing());
    group.cancel();
    co_return 5;
  };
  const int value = co_await eddy::task_group(body);
  CHECK(value == 5);
  CHECK_FALSE(ran);  // stopped before its first step
}

EDDY_TEST_CASE("a body that gives a value and was stopped by g.cancel() makes the group throw CancelledError") {
  auto body = [](eddy::TaskGroup& group) -> eddy::Task<int> {
    group.cancel();
    co_await eddy::sleep(1h);
    co_return 5;
  };
  std::string how = co_await ending(eddy::task_group(body));
  CHECK(how.find("CancelledError") == 0);
  CHECK(eddy::current_task().cancelling() == 0);
  co_await eddy::yield();
}

EDDY_TEST_CASE("g.cancel() waits for the cleanup of the tasks") {
  Lines log;
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    group.create_task(log_when_stopped(log, "cleaned", 3s));
    co_await eddy::sleep(1s);
    group.cancel();
  };
  const auto start = now();
  co_await eddy::task_group(body);
  CHECK(now() - start == 4s);
  CHECK(log == Lines{"cleaned"});
}

EDDY_TEST_CASE("a child may cancel its group") {
  Lines log;
  struct Child {
    static eddy::Task<> run_it(eddy::TaskGroup& group, Lines& lines) {
      co_await eddy::sleep(1s);
      group.cancel();
      lines.push_back("goes on to its next block");
      co_await eddy::sleep(1s);
      lines.push_back("not reached");
    }
  };
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    group.create_task(Child::run_it(group, log));
    group.create_task(logged(log, "b", 1h));
    co_return;
  };
  co_await eddy::task_group(body);
  const Lines expected{"b starts", "goes on to its next block", "b gone"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("after g.cancel() the group takes no more tasks") {
  bool ran = false;
  auto late = [&](Tracked) -> eddy::Task<> {
    ran = true;
    co_return;
  };
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    group.cancel();
    CHECK_THROWS_AS(group.create_task(late(Tracked())), eddy::RuntimeError);
    co_return;
  };
  co_await eddy::task_group(body);
  CHECK_FALSE(ran);
  CHECK(Tracked::alive == 0);
}

EDDY_TEST_CASE("g.start waits until the task says that it has started, and gives what it said", "[c146]") {
  Lines log;
  struct Server {
    static eddy::Task<> run_it(eddy::FutureSetter<int> started, Lines& lines, int port) {
      co_await eddy::sleep(1s);
      lines.push_back("listening");
      started(port);
      co_await eddy::sleep(5s);
      lines.push_back("served");
    }
  };
  const auto start = now();
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    const int port = co_await group.start<int>(&Server::run_it, std::ref(log), 8080);
    CHECK(port == 8080);
    CHECK(now() - start == 1s);
    log.push_back("parent goes on");
  };
  co_await eddy::task_group(body);
  CHECK(now() - start == 6s);
  const Lines expected{"listening", "parent goes on", "served"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("g.start without a type waits for started()", "[c146]") {
  auto serves = [](eddy::FutureSetter<void> started) -> eddy::Task<> {
    co_await eddy::sleep(2s);
    started();
    co_await eddy::sleep(1s);
  };
  const auto start = now();
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    co_await group.start(serves);
    CHECK(now() - start == 2s);
  };
  co_await eddy::task_group(body);
  CHECK(now() - start == 3s);
}

EDDY_TEST_CASE("a task that says started at once, before its first suspension, starts all the same", "[c146]") {
  auto serves = [](eddy::FutureSetter<int> started) -> eddy::Task<> {
    started(7);
    co_return;
  };
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<int> { co_return co_await group.start<int>(serves); };
  const int value = co_await eddy::task_group(body);
  CHECK(value == 7);
}

EDDY_TEST_CASE("a task that fails before it has started: g.start throws its error, and the group is intact", "[c147]") {
  Lines log;
  auto fails = [](eddy::FutureSetter<int>) -> eddy::Task<> {
    co_await eddy::sleep(1s);
    throw std::runtime_error("port in use");
  };
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    group.create_task(log_after(log, "sibling", 3s));
    const std::string how = co_await ending(group.start<int>(fails));
    CHECK(how == "port in use");
    CHECK_FALSE(group.closing());
    group.create_task(log_after(log, "another", 1s));
  };
  co_await eddy::task_group(body);
  const Lines expected{"another", "sibling"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("an error after started is the group's, not that of g.start", "[c147]") {
  auto fails_later = [](eddy::FutureSetter<void> started) -> eddy::Task<> {
    started();
    co_await eddy::sleep(1s);
    throw std::runtime_error("later");
  };
  bool started = false;
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    co_await group.start(fails_later);
    started = true;
    co_await eddy::sleep(1h);
  };
  const std::string how = co_await ending(eddy::task_group(body));
  CHECK(how == "1 error in a task group: later");
  CHECK(started);
}

EDDY_TEST_CASE("a task that ends without saying started: g.start throws BrokenPromise, and the group is intact",
               "[c147]") {
  auto forgets = [](eddy::FutureSetter<int>) -> eddy::Task<> { co_await eddy::sleep(1s); };
  bool broken = false;
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    try {
      (void)co_await group.start<int>(forgets);
    } catch (const eddy::BrokenPromise&) {
      broken = true;
    }
    CHECK_FALSE(group.closing());
  };
  co_await eddy::task_group(body);
  CHECK(broken);
}

EDDY_TEST_CASE("a group that is cancelled while a task is starting ends it, and ends without an error", "[c147]") {
  Lines log;
  auto serves = [&](eddy::FutureSetter<void> started) -> eddy::Task<> {
    const OnExit exit(log, "server gone");
    co_await eddy::sleep(1h);
    started();
  };
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    eddy::get_running_loop().call_later(1s, [&] { group.cancel(); });
    co_await group.start(serves);
    log.push_back("not reached");
  };
  const auto start = now();
  co_await eddy::task_group(body);
  CHECK(now() - start == 1s);
  CHECK(log == Lines{"server gone"});
}

EDDY_TEST_CASE("a timeout around g.start cancels the task that does not start, and the group goes on", "[c147]") {
  Lines log;
  auto serves = [&](eddy::FutureSetter<void> started) -> eddy::Task<> {
    const OnExit exit(log, "server gone");
    co_await eddy::sleep(1h);
    started();
  };
  const auto start = now();
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    const std::string how = co_await ending(eddy::timeout(2s, group.start(serves)));
    CHECK(how.find("timed out") == 0);
    CHECK_FALSE(group.closing());
    co_await eddy::sleep(1s);
    CHECK(log == Lines{"server gone"});
  };
  co_await eddy::task_group(body);
  CHECK(now() - start == 3s);
}

EDDY_TEST_CASE("a task that fails in its cleanup after its start was given up is an error of the group", "[c147]") {
  auto bad_cleanup = []() -> eddy::Task<> {
    throw std::runtime_error("cleanup");
    co_return;
  };
  auto serves = [&](eddy::FutureSetter<void>) -> eddy::Task<> { co_await eddy::try_finally(nap(1h), bad_cleanup()); };
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    (void)co_await eddy::move_on_after(2s, group.start(serves));
    co_await eddy::sleep(1h);
  };
  const std::string how = co_await ending(eddy::task_group(body));
  CHECK(how == "1 error in a task group: cleanup");
}

EDDY_TEST_CASE("an eager task that blocks is scheduled like any other after its first step", "[c49]") {
  Lines log;
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    log.push_back("before");
    auto handle = group.create_task(logged(log, "eager", 1s), kEager);
    log.push_back("after");
    CHECK_FALSE(handle.done());
    co_await handle;
  };
  const auto start = now();
  co_await eddy::task_group(body);
  CHECK(now() - start == 1s);
  const Lines expected{"before", "eager starts", "after", "eager ends", "eager gone"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("a cancel of an eager task that has ended already does nothing", "[c50]") {
  auto quick = []() -> eddy::Task<int> { co_return 5; };
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    auto handle = group.create_task(quick(), kEager);
    CHECK(handle.done());
    CHECK_FALSE(handle.cancel());
    CHECK_FALSE(handle.cancelled());
    CHECK(handle.result() == 5);
    co_return;
  };
  co_await eddy::task_group(body);
  auto alone = eddy::create_task(quick(), kEager);
  CHECK(alone.done());
  CHECK_FALSE(alone.cancel());
  CHECK(alone.result() == 5);
}

EDDY_LOOP_TEST_CASE("a cancel of an eager task that blocks is delivered", "[c51]") {
  Lines log;
  test::run_virtual([&log]() -> eddy::Task<> {
    auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> {
      auto handle = group.create_task(logged(log, "eager", 1h), kEager);
      CHECK(handle.cancel("enough"));
      const std::string how = co_await ending(handle);
      CHECK(how == "CancelledError enough");
    };
    co_await eddy::task_group(body);
    const Lines expected{"eager starts", "eager gone"};
    CHECK(log == expected);
    auto alone = eddy::create_task(logged(log, "alone", 1h), kEager);
    CHECK(alone.cancel());
    co_await test::settle();
    CHECK(alone.cancelled());
  });
}

EDDY_TEST_CASE("current_task is the eager task inside its first step, and the creator again after it", "[c52]") {
  const eddy::TaskRef caller = eddy::current_task();
  std::vector<eddy::TaskRef> inside;
  auto note = [&](bool deeper, auto& self) -> eddy::Task<> {
    inside.push_back(eddy::current_task());
    if (deeper) {
      auto inner = eddy::create_task(self(false, self), kEager);
      CHECK(inner.done());
      inside.push_back(eddy::current_task());
    }
    co_return;
  };
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    group.create_task(note(true, note), kEager);
    CHECK(eddy::current_task() == caller);
    auto blocks = group.create_task(nap(1s), kEager);
    CHECK(eddy::current_task() == caller);
    co_await blocks;
  };
  co_await eddy::task_group(body);
  REQUIRE(inside.size() == 3);
  CHECK_FALSE(inside[0] == caller);
  CHECK_FALSE(inside[1] == caller);
  CHECK_FALSE(inside[1] == inside[0]);
  CHECK(inside[2] == inside[0]);
}

EDDY_LOOP_TEST_CASE("what an eager task sets in its context does not leak to its creator", "[c55]") {
  static eddy::ContextVar<int> request("request", 0);
  run_virtual([]() -> eddy::Task<> {
    request.set(1);
    int seen = 0;
    auto child = [&]() -> eddy::Task<> {
      seen = request.get();
      request.set(2);
      co_await eddy::yield();
      seen = seen * 10 + request.get();
    };
    auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> {
      group.create_task(child(), kEager);
      CHECK(request.get() == 1);
      co_return;
    };
    co_await eddy::task_group(body);
    CHECK(seen == 12);
    CHECK(request.get() == 1);
  });
}

EDDY_TEST_CASE("an eager task may be a whole group, and run gathers in its first step") {
  auto both = []() -> eddy::Task<int> {
    const auto [a, b] = co_await eddy::gather(after(1s, 1), after(2s, 2));
    co_return a + b;
  };
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<int> {
    auto handle = group.create_task(both(), kEager);
    CHECK_FALSE(handle.done());
    co_return co_await handle;
  };
  const int sum = co_await eddy::task_group(body);
  CHECK(sum == 3);
}

EDDY_TEST_CASE("eager tasks that start eager tasks, ten thousand deep, need no stack") {
  int count = 0;
  auto deeper = [&](eddy::TaskGroup& group, int depth, auto& self) -> eddy::Task<> {
    ++count;
    if (depth > 0) group.create_task(self(group, depth - 1, self), kEager);
    co_return;
  };
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    group.create_task(deeper(group, 10'000, deeper), kEager);
    co_return;
  };
  co_await eddy::task_group(body);
  CHECK(count == 10'001);
}

EDDY_TEST_CASE("a group stops its tasks in order, and its body last", "[order]") {
  Lines log;
  auto child = [&](std::string name, bool fails) -> eddy::Task<> {
    const OnExit at_exit(log, std::move(name));
    co_await eddy::sleep(1s);
    if (fails) throw std::runtime_error("failed");
    co_await eddy::sleep(1h);
  };
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    const OnExit at_exit(log, "body");
    group.create_task(child("a", false));
    group.create_task(child("b", false));
    group.create_task(child("c", true));
    co_await eddy::sleep(1h);
  };
  try {
    co_await eddy::task_group(body);
  } catch (const eddy::ExceptionGroup&) {
    log.push_back("group");
  }
  const Lines expected{"c", "a", "b", "body", "group"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("g.start with a cancel in force cancels the task that it has added, and the group does not wait for it",
               "[c147]") {
  const auto body = [](eddy::TaskGroup& group) -> eddy::Task<> {
    const auto starts = [](eddy::TaskGroup& owner) -> eddy::Task<> {
      const auto serves = [](eddy::FutureSetter<void> started) -> eddy::Task<> {
        co_await eddy::sleep(1h);
        started();
      };
      eddy::current_task().cancel();
      co_await owner.start(serves);
    };
    group.create_task(starts, std::ref(group));
    co_return;
  };
  const auto start = now();
  co_await eddy::task_group(body);
  CHECK(now() - start == 0s);
}
