// task_group: failing tasks and bodies, stops from outside, and both at once; nested groups.
//
// SPDX-License-Identifier: MIT
#include "support/work.hpp"

#include <algorithm>
#include <memory>
#include <optional>

using namespace test;

namespace {

eddy::Task<> fail_at_once(std::string what) {
  throw std::runtime_error(what);
  co_return;
}

// Work with a cleanup that a stop cannot hurry.
eddy::Task<> slow_to_stop(eddy::Task<> cleanup) { co_await eddy::try_finally(nap(1h), std::move(cleanup)); }

// Work that does not stop at all.
eddy::Task<> stubborn(std::chrono::nanoseconds delay) { co_await eddy::uncancellable(nap(delay)); }

// Work that fails in its cleanup, `delay` after it was stopped.
eddy::Task<> fail_when_stopped(std::string what, std::chrono::nanoseconds delay = 0s) {
  co_await eddy::try_finally(nap(1h), fail_after(delay, what));
}

using Lines = std::vector<std::string>;
constexpr eddy::TaskOptions kEager{.eager_start = true};

// The texts of the errors of the group that `work` throws; one line otherwise.
template <class A>
eddy::Task<Lines> errors_of(A work) {
  Lines lines;
  try {
    static_cast<void>(co_await std::move(work));
    lines.push_back("no error");
  } catch (const eddy::ExceptionGroup& group) {
    for (const auto& error : group.exceptions()) lines.push_back(eddy::detail::describe_exception(error));
  } catch (const std::exception& error) {
    lines.push_back(std::string("no group but ") + error.what());
  }
  co_return lines;
}

}  // namespace

EDDY_TEST_CASE("a task that fails cancels its siblings and the body; the group throws when all have ended",
               "[c124][order]") {
  Lines log;
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    const OnExit exit(log, "body gone");
    group.create_task(logged(log, "a", 1h));
    group.create_task(fail_after(2s, "bad"));
    co_await eddy::sleep(1h);
    log.push_back("not reached");
  };
  const auto start = now();
  const Lines errors = co_await errors_of(eddy::task_group(body));
  CHECK(errors == Lines{"bad"});
  CHECK(now() - start == 2s);
  const Lines expected{"a starts", "a gone", "body gone"};
  CHECK(log == expected);
  CHECK(eddy::all_tasks().size() == 1);
}

EDDY_TEST_CASE("a task that fails after the body has ended cancels its siblings", "[c124]") {
  Lines log;
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<int> {
    group.create_task(logged(log, "a", 1h));
    group.create_task(fail_after(2s, "bad"));
    co_return 5;
  };
  const Lines errors = co_await errors_of(eddy::task_group(body));
  CHECK(errors == Lines{"bad"});
  const Lines expected{"a starts", "a gone"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("a failing group does not throw before the cleanup of a stopped task has ended", "[c124]") {
  auto body = [](eddy::TaskGroup& group) -> eddy::Task<> {
    group.create_task(slow_to_stop(nap(3s)));
    group.create_task(fail_after(1s, "bad"));
    co_return;
  };
  const auto start = now();
  const Lines errors = co_await errors_of(eddy::task_group(body));
  CHECK(errors == Lines{"bad"});
  CHECK(now() - start == 4s);
}

EDDY_TEST_CASE("after a group has failed its caller is not cancelled, and goes on", "[c132]") {
  std::size_t asked = 99;
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    group.create_task(fail_after(1s, "bad"));
    auto ask = [&]() -> eddy::Task<> {
      asked = eddy::current_task().cancelling();
      co_return;
    };
    co_await eddy::try_finally(nap(1h), ask());
  };
  const auto start = now();
  const Lines errors = co_await errors_of(eddy::task_group(body));
  CHECK(errors == Lines{"bad"});
  CHECK(asked == 0);
  CHECK(eddy::current_task().cancelling() == 0);
  co_await eddy::sleep(1s);
  CHECK(now() - start == 2s);
}

EDDY_TEST_CASE("a task whose group has failed can still be cancelled afterwards", "[c132]") {
  int stage = 0;
  auto body = [](eddy::TaskGroup& group) -> eddy::Task<> {
    group.create_task(fail_after(1s, "bad"));
    co_await eddy::sleep(1h);
  };
  auto parent = [&]() -> eddy::Task<> {
    (void)co_await errors_of(eddy::task_group(body));
    stage = 1;
    co_await eddy::sleep(1h);
    stage = 2;
  };
  auto handle = eddy::create_task(parent());
  co_await eddy::sleep(5s);
  CHECK(stage == 1);
  handle.cancel("now");
  const std::string how = co_await ending(handle);
  CHECK(how == "CancelledError now");
  CHECK(stage == 1);
}

EDDY_TEST_CASE("a body that throws cancels the tasks, and its error is in the group", "[c126]") {
  Lines log;
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    group.create_task(logged(log, "a", 1h));
    co_await eddy::sleep(1s);
    throw std::runtime_error("body");
  };
  const auto start = now();
  const Lines errors = co_await errors_of(eddy::task_group(body));
  CHECK(errors == Lines{"body"});
  CHECK(now() - start == 1s);
  const Lines expected{"a starts", "a gone"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("a body that throws before its tasks have started: they never run", "[c126]") {
  Lines log;
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    group.create_task(logged(log, "a", 1h));
    throw std::runtime_error("body");
    co_return;
  };
  const Lines errors = co_await errors_of(eddy::task_group(body));
  CHECK(errors == Lines{"body"});
  CHECK(log.empty());
}

EDDY_TEST_CASE("all errors are in one ExceptionGroup, in the order in which they came", "[c150]") {
  auto body = [](eddy::TaskGroup& group) -> eddy::Task<> {
    group.create_task(fail_when_stopped("late", 2s));
    group.create_task(fail_when_stopped("early", 1s));
    group.create_task(fail_after(1s, "first"));
    co_return;
  };
  const Lines errors = co_await errors_of(eddy::task_group(body));
  const Lines expected{"first", "early", "late"};
  CHECK(errors == expected);
}

EDDY_TEST_CASE("tasks that fail at the same moment are all in the group", "[c150][order]") {
  auto body = [](eddy::TaskGroup& group) -> eddy::Task<> {
    for (int i = 0; i < 5; ++i) group.create_task(fail_after(1s, std::to_string(i)));
    co_return;
  };
  const Lines errors = co_await errors_of(eddy::task_group(body));
  const Lines expected{"0", "1", "2", "3", "4"};
  CHECK(errors == expected);
}

EDDY_TEST_CASE("an error from a task's cleanup while the group stops is added to the group", "[c135]") {
  auto body = [](eddy::TaskGroup& group) -> eddy::Task<> {
    group.create_task(fail_when_stopped("cleanup"));
    co_await eddy::sleep(1s);
    throw std::runtime_error("body");
  };
  const Lines errors = co_await errors_of(eddy::task_group(body));
  const Lines expected{"body", "cleanup"};
  CHECK(errors == expected);
}

EDDY_TEST_CASE("an error from a task's cleanup after g.cancel() is thrown: only the group's own stop is no error",
               "[c135]") {
  auto body = [](eddy::TaskGroup& group) -> eddy::Task<> {
    group.create_task(fail_when_stopped("cleanup"));
    co_await eddy::sleep(1s);
    group.cancel();
  };
  const Lines errors = co_await errors_of(eddy::task_group(body));
  CHECK(errors == Lines{"cleanup"});
}

EDDY_TEST_CASE("a body that answers its stop with an error of its own: both errors are in the group", "[c127]") {
  auto body = [](eddy::TaskGroup& group) -> eddy::Task<> {
    group.create_task(fail_after(1s, "task"));
    co_await fail_when_stopped("body");
  };
  const Lines errors = co_await errors_of(eddy::task_group(body));
  const Lines expected{"task", "body"};
  CHECK(errors == expected);
  CHECK(eddy::current_task().cancelling() == 0);
  co_await eddy::yield();
}

EDDY_TEST_CASE("exceptions of every type are in the group with their type, none passes ungrouped", "[c136]") {
  struct Odd {
    int code;
  };
  auto throws_odd = []() -> eddy::Task<> {
    co_await eddy::yield();
    throw Odd{7};
  };
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    group.create_task(throws_odd);
    co_await eddy::sleep(1h);
  };
  int code = 0;
  try {
    co_await eddy::task_group(body);
  } catch (const eddy::ExceptionGroup& group) {
    group.handle<Odd>([&](const Odd& odd) { code = odd.code; });
  }
  CHECK(code == 7);
}

EDDY_TEST_CASE("handle of a group's errors leaves the unhandled ones to be thrown on", "[c156][order]") {
  auto logic_fails = []() -> eddy::Task<> {
    throw std::logic_error("logic");
    co_return;
  };
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    group.create_task(fail_at_once("runtime"));
    group.create_task(fail_at_once("runtime too"), kEager);
    co_return;
  };
  auto mixed = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    group.create_task(slow_to_stop(logic_fails()));
    co_await eddy::yield();
    group.create_task(fail_at_once("runtime"));
  };
  Lines handled;
  auto policy = [&](auto work) -> eddy::Task<> {
    try {
      co_await eddy::task_group(work);
    } catch (const eddy::ExceptionGroup& group) {
      group.handle<std::runtime_error>([&](const std::runtime_error& error) { handled.push_back(error.what()); });
    }
  };
  const std::string first = co_await ending(policy(body));
  CHECK(first == "value");
  CHECK_FALSE(handled.empty());
  const Lines second = co_await errors_of(policy(mixed));
  CHECK(second == Lines{"logic"});
}

EDDY_TEST_CASE("a task that catches its own error does not stop the group", "[c156]") {
  std::string caught;
  auto careful = [&]() -> eddy::Task<> { caught = co_await ending(fail_after(1s, "bad")); };
  Lines log;
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    group.create_task(careful);
    group.create_task(logged(log, "sibling", 3s));
    co_return;
  };
  co_await eddy::task_group(body);
  CHECK(caught == "bad");
  const Lines expected{"sibling starts", "sibling ends", "sibling gone"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("a cancel of the caller reaches the body and all tasks, and passes on when they have ended",
               "[c125][c151][order]") {
  Lines log;
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    const OnExit exit(log, "body gone");
    group.create_task(logged(log, "a", 1h));
    group.create_task(slow_to_stop(logged(log, "cleanup", 3s)));
    co_await eddy::sleep(1h);
  };
  auto parent = [&]() -> eddy::Task<> {
    const OnExit exit(log, "parent gone");
    co_await eddy::task_group(body);
    log.push_back("not reached");
  };
  auto handle = eddy::create_task(parent());
  co_await eddy::sleep(1s);
  const auto start = now();
  handle.cancel("enough");
  const std::string how = co_await ending(handle);
  CHECK(how == "CancelledError enough");
  CHECK(now() - start == 3s);
  const Lines expected{"a starts",     "body gone",    "a gone",     "cleanup starts",
                       "cleanup ends", "cleanup gone", "parent gone"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("a cancel of the caller while the group only waits for its tasks stops them", "[c125]") {
  Lines log;
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<int> {
    group.create_task(logged(log, "a", 1h));
    co_return 5;
  };
  bool reached = false;
  auto parent = [&]() -> eddy::Task<> {
    (void)co_await eddy::task_group(body);
    reached = true;
  };
  auto handle = eddy::create_task(parent());
  co_await eddy::sleep(1s);
  handle.cancel();
  const std::string how = co_await ending(handle);
  CHECK(how == "CancelledError ");
  CHECK_FALSE(reached);
  CHECK(log == Lines{"a starts", "a gone"});
}

EDDY_TEST_CASE("a group whose body and tasks all end normally in spite of a cancel delivers its value") {
  int got = 0;
  auto body = [](eddy::TaskGroup& group) -> eddy::Task<int> {
    group.create_task(stubborn(3s));
    co_return 5;
  };
  auto parent = [&]() -> eddy::Task<> {
    got = co_await eddy::task_group(body);
    co_await eddy::yield();
    got = -1;
  };
  auto handle = eddy::create_task(parent());
  co_await eddy::sleep(1s);
  handle.cancel();
  const std::string how = co_await ending(handle);
  CHECK(how == "CancelledError ");
  CHECK(got == 5);
}

EDDY_TEST_CASE("a task_group with a cancel in force starts nothing") {
  bool ran = false;
  auto body = [&](eddy::TaskGroup&) -> eddy::Task<> {
    ran = true;
    co_return;
  };
  auto parent = [&]() -> eddy::Task<> {
    eddy::current_task().cancel();
    co_await eddy::task_group(body);
    ran = true;
  };
  const std::string how = co_await ending(eddy::create_task(parent()));
  CHECK(how == "CancelledError ");
  CHECK_FALSE(ran);
}

EDDY_TEST_CASE("a caller that is cancelled while a task is failing gets the error, and the cancel stays in force",
               "[c130]") {
  Lines errors;
  bool reached = false;
  auto body = [](eddy::TaskGroup& group) -> eddy::Task<> {
    group.create_task(fail_when_stopped("cleanup", 3s));
    co_await eddy::sleep(1h);
  };
  auto parent = [&]() -> eddy::Task<> {
    errors = co_await errors_of(eddy::task_group(body));
    co_await eddy::sleep(1s);
    reached = true;
  };
  auto handle = eddy::create_task(parent());
  co_await eddy::sleep(1s);
  handle.cancel();
  const std::string how = co_await ending(handle);
  CHECK(how == "CancelledError ");
  CHECK(errors == Lines{"cleanup"});
  CHECK_FALSE(reached);
}

EDDY_TEST_CASE("a cancel that comes while the group stops because of an error takes effect after the error", "[c130]") {
  Lines errors;
  bool reached = false;
  auto body = [](eddy::TaskGroup& group) -> eddy::Task<> {
    group.create_task(slow_to_stop(nap(5s)));
    group.create_task(fail_after(1s, "bad"));
    co_return;
  };
  auto parent = [&]() -> eddy::Task<> {
    errors = co_await errors_of(eddy::task_group(body));
    co_await eddy::yield();
    reached = true;
  };
  auto handle = eddy::create_task(parent());
  co_await eddy::sleep(3s);
  handle.cancel();
  const std::string how = co_await ending(handle);
  CHECK(how == "CancelledError ");
  CHECK(errors == Lines{"bad"});
  CHECK_FALSE(reached);
}

EDDY_TEST_CASE("a group inside a group nests: an inner error is wrapped once for each level", "[c129]") {
  auto inner = [](eddy::TaskGroup& group) -> eddy::Task<> {
    group.create_task(fail_after(1s, "deep"));
    co_await eddy::sleep(1h);
  };
  auto outer = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    group.create_task(nap(1h));
    co_await eddy::task_group(inner);
  };
  int levels = 0;
  std::string deepest;
  std::exception_ptr error;
  try {
    co_await eddy::task_group(outer);
  } catch (...) {
    error = std::current_exception();
  }
  while (error) {
    try {
      std::rethrow_exception(error);
    } catch (const eddy::ExceptionGroup& group) {
      ++levels;
      REQUIRE(group.exceptions().size() == 1);
      error = group.exceptions()[0];
    } catch (const std::exception& e) {
      deepest = e.what();
      error = nullptr;
    }
  }
  CHECK(levels == 2);
  CHECK(deepest == "deep");
}

EDDY_TEST_CASE("a group in a task of another group fails the outer group with a nested group", "[c129][order]") {
  auto inner = [](eddy::TaskGroup& group) -> eddy::Task<> {
    group.create_task(fail_after(1s, "a"));
    group.create_task(fail_after(1s, "b"));
    co_return;
  };
  auto runs_inner = [&]() -> eddy::Task<> { co_await eddy::task_group(inner); };
  auto outer = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    group.create_task(runs_inner);
    group.create_task(fail_when_stopped("c"));
    co_return;
  };
  Lines handled;
  std::size_t size = 0;
  try {
    co_await eddy::task_group(outer);
  } catch (const eddy::ExceptionGroup& group) {
    size = group.exceptions().size();
    group.handle<std::runtime_error>([&](const std::runtime_error& error) { handled.push_back(error.what()); });
  }
  CHECK(size == 2);
  const Lines expected{"a", "b", "c"};
  CHECK(handled == expected);
}

EDDY_TEST_CASE("when an inner and an outer group fail at the same moment neither error is lost and nobody is cancelled",
               "[c131]") {
  auto inner = [](eddy::TaskGroup& group) -> eddy::Task<> {
    group.create_task(fail_after(1s, "inner"));
    co_await eddy::sleep(1h);
  };
  auto outer = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    group.create_task(fail_after(1s, "outer"));
    co_await eddy::task_group(inner);
  };
  Lines handled;
  try {
    co_await eddy::task_group(outer);
  } catch (const eddy::ExceptionGroup& group) {
    group.handle<std::runtime_error>([&](const std::runtime_error& error) { handled.push_back(error.what()); });
  }
  std::sort(handled.begin(), handled.end());
  const Lines expected{"inner", "outer"};
  CHECK(handled == expected);
  CHECK(eddy::current_task().cancelling() == 0);
  co_await eddy::sleep(1s);
}

EDDY_TEST_CASE("the stop of an inner group does not stop the outer one, whose body goes on", "[c131]") {
  Lines log;
  auto inner = [](eddy::TaskGroup& group) -> eddy::Task<> {
    group.create_task(fail_after(1s, "inner"));
    co_await eddy::sleep(1h);
  };
  auto outer = [&](eddy::TaskGroup& group) -> eddy::Task<int> {
    group.create_task(logged(log, "outer task", 5s));
    const Lines errors = co_await errors_of(eddy::task_group(inner));
    CHECK(errors == Lines{"inner"});
    co_await eddy::sleep(1s);
    co_return 7;
  };
  const auto start = now();
  const int value = co_await eddy::task_group(outer);
  CHECK(value == 7);
  CHECK(now() - start == 5s);
  const Lines expected{"outer task starts", "outer task ends", "outer task gone"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("the stop of an outer group ends an inner one without an error of its own", "[c131]") {
  Lines log;
  auto inner = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    group.create_task(logged(log, "inner task", 1h));
    co_await eddy::sleep(1h);
  };
  auto outer = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    group.create_task(fail_after(1s, "outer"));
    co_await eddy::task_group(inner);
    log.push_back("not reached");
  };
  const Lines errors = co_await errors_of(eddy::task_group(outer));
  CHECK(errors == Lines{"outer"});
  const Lines expected{"inner task starts", "inner task gone"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("g.cancel() of an inner group leaves the outer one running") {
  auto inner = [](eddy::TaskGroup& group) -> eddy::Task<> {
    group.create_task(nap(1h));
    co_await eddy::sleep(1s);
    group.cancel();
  };
  const auto start = now();
  auto outer = [&](eddy::TaskGroup& group) -> eddy::Task<int> {
    group.create_task(nap(3s));
    co_await eddy::task_group(inner);
    CHECK(now() - start == 1s);
    co_return 7;
  };
  const int value = co_await eddy::task_group(outer);
  CHECK(value == 7);
  CHECK(now() - start == 3s);
}

EDDY_TEST_CASE("a timeout around a group that was cancelled and is slow to end still fires", "[c134]") {
  auto body = [](eddy::TaskGroup& group) -> eddy::Task<> {
    group.create_task(slow_to_stop(nap(10s)));
    co_await eddy::sleep(1s);
    group.cancel();
    co_await eddy::sleep(1h);
  };
  const auto start = now();
  auto work = [&]() -> eddy::Task<> {
    co_await eddy::task_group(body);
    co_await eddy::sleep(1h);
  };
  const std::string how = co_await ending(eddy::timeout(5s, work()));
  CHECK(how.find("timed out") == 0);
  CHECK(now() - start == 11s);
}

EDDY_TEST_CASE("a timeout around a group that was cancelled long ago still fires at its time", "[c134]") {
  auto body = [](eddy::TaskGroup& group) -> eddy::Task<> {
    group.create_task(nap(1h));
    group.cancel();
    co_await eddy::sleep(1h);
  };
  const auto start = now();
  auto work = [&]() -> eddy::Task<> {
    co_await eddy::task_group(body);
    co_await eddy::sleep(1h);
  };
  const std::string how = co_await ending(eddy::timeout(5s, work()));
  CHECK(how.find("timed out") == 0);
  CHECK(now() - start == 5s);
}

EDDY_TEST_CASE("after a task has failed create_task throws, and destroys the new task unrun", "[c137]") {
  bool ran = false;
  bool refused = false;
  auto late = [&](Tracked) -> eddy::Task<> {
    ran = true;
    co_return;
  };
  struct Tries {
    static eddy::Task<> run_it(eddy::TaskGroup& group, decltype(late)& fn, bool& was_refused) {
      auto add = [](eddy::TaskGroup& g, decltype(late)& f, bool& r) -> eddy::Task<> {
        CHECK(g.closing());
        try {
          g.create_task(f(Tracked()));
        } catch (const eddy::RuntimeError&) {
          r = true;
        }
        co_return;
      };
      co_await eddy::try_finally(nap(1h), add(group, fn, was_refused));
    }
  };
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    group.create_task(Tries::run_it(group, late, refused));
    group.create_task(fail_after(1s, "bad"));
    co_return;
  };
  const Lines errors = co_await errors_of(eddy::task_group(body));
  CHECK(errors == Lines{"bad"});
  CHECK(refused);
  CHECK_FALSE(ran);
  CHECK(Tracked::alive == 0);
}

EDDY_TEST_CASE("an eager first child that fails at once: the siblings that the body still builds are refused",
               "[c149]") {
  Lines log;
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    auto bad = group.create_task(fail_at_once("bad"), kEager);
    CHECK(bad.done());
    CHECK(group.closing());
    group.create_task(logged(log, "never", 1s));  // throws, and so ends the body
    log.push_back("not reached");
    co_return;
  };
  const Lines errors = co_await errors_of(eddy::task_group(body));
  REQUIRE(errors.size() == 2);
  CHECK(errors[0] == "bad");
  CHECK(errors[1].find("takes no more tasks") != std::string::npos);
  CHECK(log.empty());
}

EDDY_TEST_CASE("a first child that fails at its first step lets the body finish building, and stops the siblings",
               "[c149][order]") {
  Lines log;
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    group.create_task(fail_at_once("bad"));
    group.create_task(logged(log, "b", 1h));
    log.push_back("built");
    co_return;
  };
  const Lines errors = co_await errors_of(eddy::task_group(body));
  CHECK(errors == Lines{"bad"});
  CHECK(log == Lines{"built"});
}

EDDY_TEST_CASE("a task that eagerly starts one that fails at once is stopped at its next block", "[c139]") {
  Lines log;
  struct Spawner {
    static eddy::Task<> run_it(eddy::TaskGroup& group, Lines& lines) {
      const OnExit exit(lines, "spawner gone");
      group.create_task(fail_at_once("bad"), kEager);
      lines.push_back("spawner goes on");
      co_await eddy::sleep(1s);
      lines.push_back("not reached");
    }
  };
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    group.create_task(Spawner::run_it(group, log));
    co_return;
  };
  const auto start = now();
  const Lines errors = co_await errors_of(eddy::task_group(body));
  CHECK(errors == Lines{"bad"});
  CHECK(now() == start);
  const Lines expected{"spawner goes on", "spawner gone"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("an eager spawner of an eager failure: both first steps run inside create_task, and the error is kept",
               "[c139]") {
  Lines log;
  struct Spawner {
    static eddy::Task<> run_it(eddy::TaskGroup& group, Lines& lines) {
      auto bad = group.create_task(fail_at_once("bad"), kEager);
      lines.push_back(bad.done() ? "failed inside" : "not yet");
      co_await eddy::sleep(1s);
      lines.push_back("not reached");
    }
  };
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    group.create_task(Spawner::run_it(group, log), kEager);
    log.push_back("body goes on");
    co_await eddy::sleep(1s);
    log.push_back("not reached");
  };
  const Lines errors = co_await errors_of(eddy::task_group(body));
  CHECK(errors == Lines{"bad"});
  const Lines expected{"failed inside", "body goes on"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("a task that was cancelled is not among the errors of a group in which another one fails", "[c70]") {
  const auto sleeps = []() -> eddy::Task<> { co_await eddy::sleep(1h); };
  const auto fails = []() -> eddy::Task<> {
    co_await eddy::sleep(1s);
    throw std::runtime_error("the only error");
  };
  std::size_t count = 0;
  try {
    co_await eddy::task_group([&](eddy::TaskGroup& group) -> eddy::Task<> {
      auto cancelled = group.create_task(sleeps());
      group.create_task(fails());
      co_await eddy::yield();
      cancelled.cancel();
      co_await eddy::sleep(1h);
    });
  } catch (const eddy::ExceptionGroup& errors) {
    count = errors.exceptions().size();
  }
  CHECK(count == 1);
}

EDDY_TEST_CASE("a task that is cancelled by its handle is no error: the group goes on", "[order]") {
  Lines log;
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<int> {
    auto victim = group.create_task(logged(log, "victim", 1h));
    group.create_task(logged(log, "other", 2s));
    co_await eddy::sleep(1s);
    victim.cancel();
    co_return 5;
  };
  const int value = co_await eddy::task_group(body);
  CHECK(value == 5);
  const Lines expected{"victim starts", "other starts", "victim gone", "other ends", "other gone"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("a task that is left by an uncaught CancelledError is no error: the group goes on") {
  Lines log;
  auto victim = eddy::create_task(nap(1h));
  auto awaits_victim = [&]() -> eddy::Task<> { co_await victim; };
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    group.create_task(awaits_victim);
    group.create_task(logged(log, "other", 2s));
    co_await eddy::sleep(1s);
    victim.cancel();
  };
  co_await eddy::task_group(body);
  const Lines expected{"other starts", "other ends", "other gone"};
  CHECK(log == expected);
}

EDDY_TEST_CASE(
    "a body that is left by a CancelledError cancels the tasks, and the group throws CancelledError, no group") {
  Lines log;
  auto victim = eddy::create_task(nap(1h));
  eddy::get_running_loop().call_later(1s, [&] { victim.cancel("gone"); });
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    group.create_task(logged(log, "a", 1h));
    co_await victim;
  };
  const auto start = now();
  const std::string how = co_await ending(eddy::task_group(body));
  CHECK(how == "CancelledError gone");
  CHECK(now() - start == 1s);
  const Lines expected{"a starts", "a gone"};
  CHECK(log == expected);
}

EDDY_TEST_CASE("a body that awaits the task that fails: the error is in the group once") {
  auto body = [](eddy::TaskGroup& group) -> eddy::Task<> {
    auto bad = group.create_task(fail_after(1s, "bad"));
    co_await bad;
  };
  const Lines errors = co_await errors_of(eddy::task_group(body));
  CHECK(errors == Lines{"bad"});
}

EDDY_TEST_CASE("a task that awaits a sibling that fails: the error is in the group once") {
  auto awaits = [](eddy::TaskHandle<> handle) -> eddy::Task<> { co_await handle; };
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    auto bad = group.create_task(fail_after(1s, "bad"));
    group.create_task(awaits, bad);
    co_return;
  };
  const Lines errors = co_await errors_of(eddy::task_group(body));
  CHECK(errors == Lines{"bad"});
}

EDDY_TEST_CASE("a cancelled body that has something in hand may still add a task: it never runs, and no error arises") {
  bool ran = false;
  auto late = [&](Tracked) -> eddy::Task<> {
    ran = true;
    co_return;
  };
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    eddy::current_task().cancel("enough");  // as if it came together with the item that the task is for
    group.create_task(late, Tracked());
    co_await eddy::sleep(1h);
  };
  auto parent = [&]() -> eddy::Task<> { co_await eddy::task_group(body); };
  const std::string how = co_await ending(eddy::create_task(parent()));
  CHECK(how == "CancelledError enough");
  CHECK_FALSE(ran);
  CHECK(Tracked::alive == 0);
}

EDDY_TEST_CASE("an error that the group has is not reported as never retrieved, with or without a handle", "[order]") {
  auto body = [](eddy::TaskGroup& group) -> eddy::Task<> {
    auto kept = group.create_task(fail_after(1s, "kept"));
    group.create_task(fail_after(1s, "dropped"));
    co_await eddy::sleep(1h);
    CHECK(kept.done());
  };
  const Lines errors = co_await errors_of(eddy::task_group(body));
  const Lines expected{"kept", "dropped"};
  CHECK(errors == expected);
  CHECK(take_reports().empty());
}

EDDY_TEST_CASE("the errors of a group are destroyed with the group's exception, not kept alive elsewhere",
               "[c144][order]") {
  struct Failure {
    Tracked tracked;
  };
  auto fails = []() -> eddy::Task<> {
    co_await eddy::yield();
    throw Failure();
  };
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    for (int i = 0; i < 10; ++i) group.create_task(fails);
    co_await eddy::sleep(1h);
  };
  std::size_t count = 0;
  try {
    co_await eddy::task_group(body);
  } catch (const eddy::ExceptionGroup& group) {
    count = group.exceptions().size();
    CHECK(Tracked::alive == static_cast<int>(count));
  }
  CHECK(count == 10);
  CHECK(Tracked::alive == 0);
}

EDDY_TEST_CASE("ten thousand tasks of a failing group are stopped and destroyed once each", "[large]") {
  auto child = []() -> eddy::Task<> {
    const Tracked tracked;
    co_await eddy::sleep(1h);
  };
  auto body = [&](eddy::TaskGroup& group) -> eddy::Task<> {
    for (int i = 0; i < 10'000; ++i) group.create_task(child());
    group.create_task(fail_after(1s, "bad"));
    co_await eddy::sleep(500ms);
    CHECK(Tracked::alive == 10'000);
  };
  const Lines errors = co_await errors_of(eddy::task_group(body));
  CHECK(errors == Lines{"bad"});
  CHECK(Tracked::alive == 0);
}

EDDY_LOOP_TEST_CASE("a group that is destroyed with its run stops its tasks: nothing is left", "[c151]") {
  run_virtual([]() -> eddy::Task<> {
    auto child = []() -> eddy::Task<> {
      const Tracked tracked;
      co_await eddy::sleep(1h);
    };
    auto body = [child](eddy::TaskGroup& group) -> eddy::Task<> {
      group.create_task(child);
      co_await eddy::sleep(1h);
    };
    auto parent = [body]() -> eddy::Task<> { co_await eddy::task_group(body); };
    (void)eddy::create_task(parent);
    co_await eddy::sleep(1s);
    CHECK(Tracked::alive == 1);
  });
  CHECK(Tracked::alive == 0);
}

EDDY_LOOP_TEST_CASE("a task group without the memory to keep its errors ends with std::bad_alloc") {
  const auto child = []() -> eddy::Task<> {
    co_await eddy::yield();
    throw 1;  // needs no operator new itself
  };
  const auto body = [&]() -> eddy::Task<> {
    const auto children = [&](eddy::TaskGroup& group) -> eddy::Task<> {
      group.create_task(child());
      co_return;
    };
    bool whole = false;
    try {
      co_await eddy::task_group(children);
    } catch (const eddy::ExceptionGroup& group) {
      whole = group.exceptions().size() == 1;
    }
    CHECK(whole);
  };
  CHECK(eddy::testing::for_each_allocation(body) > 3);
}

EDDY_TEST_CASE("a task that somebody had cancelled does not keep a group's value from its cancelled caller") {
  static std::string got;  // the caller may outlive this test, if that is stopped
  got.clear();
  const auto caller = []() -> eddy::Task<> {
    const auto body = [](eddy::TaskGroup& group) -> eddy::Task<int> {
      auto victim = group.create_task(nap(1h));
      victim.cancel();
      co_await stubborn(5s);
      co_return 7;
    };
    const int value = co_await eddy::task_group(body);
    got = std::to_string(value);
    co_await eddy::sleep(1s);
    got = "not stopped";
  };
  auto task = eddy::create_task(caller);
  co_await eddy::sleep(2s);
  task.cancel();
  const std::string how = co_await ending(task);
  CHECK(how == "CancelledError ");
  CHECK(got == "7");
}

EDDY_LOOP_TEST_CASE("a cancelled caller is told of a task's error, also when there is no memory to keep it") {
  const auto caller = []() -> eddy::Task<> {
    const auto children = [](eddy::TaskGroup& group) -> eddy::Task<> {
      const auto fails = []() -> eddy::Task<> {
        const auto cleanup = []() -> eddy::Task<> {
          throw 1;  // needs no operator new itself
          co_return;
        };
        co_await eddy::try_finally(nap(1h), cleanup());
      };
      group.create_task(fails());
      group.create_task(nap(1h));
      co_await eddy::sleep(1h);
    };
    co_await eddy::task_group(children);
  };
  const auto body = [&]() -> eddy::Task<> {
    auto task = eddy::create_task(caller);
    co_await eddy::sleep(1s);
    task.cancel();
    const std::string how = co_await ending(task);
    CHECK(how != "CancelledError ");
  };
  CHECK(eddy::testing::for_each_allocation(body) > 3);
}
