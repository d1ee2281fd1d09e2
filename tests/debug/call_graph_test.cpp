// The call graph: who waits for whom, at which lines, and the circles.
//
// SPDX-License-Identifier: MIT
#include "support/child.hpp"
#include "support/run.hpp"
#include "support/work.hpp"

#include <eddy/debug/call_graph.hpp>

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace test;
using eddy::debug::call_graph;
using eddy::debug::CallGraph;
using eddy::debug::CallGraphTask;
using eddy::debug::TaskState;

namespace {

std::string at(int line) { return std::string(__FILE__) + ':' + std::to_string(line); }

const CallGraphTask& find(const CallGraph& graph, const std::string& name) {
  const auto found = std::find_if(graph.tasks.begin(), graph.tasks.end(),
                                  [&](const CallGraphTask& task) { return task.name == name && !task.body; });
  REQUIRE(found != graph.tasks.end());
  return *found;
}

// The names of those that `task` waits for.
std::vector<std::string> waited_for_by(const CallGraph& graph, const CallGraphTask& task) {
  std::vector<std::string> names;
  for (const std::size_t on : task.waits_on) names.push_back(graph.tasks.at(on).name);
  std::sort(names.begin(), names.end());
  return names;
}

using Names = std::vector<std::string>;

constexpr int kSleepLine = __LINE__ + 1;
eddy::Task<> doze() { co_await eddy::sleep(1h); }
constexpr int kDozeLine = __LINE__ + 1;
eddy::Task<> call_doze() { co_await doze(); }

eddy::Task<> keep(eddy::Lock& first, eddy::Lock& second, std::chrono::seconds pause) {
  const auto one = co_await first.scoped();
  co_await eddy::sleep(pause);
  const auto two = co_await second.scoped();
}

}  // namespace

EDDY_TEST_CASE("the call graph tells each task's state and the line of every await", "[call_graph]") {
  auto sleeper = eddy::create_task(call_doze(), {.name = "sleeper"});
  co_await settle();
  auto fresh = eddy::create_task(doze(), {.name = "fresh"});
  const CallGraph graph = call_graph();
  CHECK(find(graph, "fresh").state == TaskState::not_started);
  CHECK(find(graph, "main").state == TaskState::running);
  CHECK(find(graph, "main").awaits.empty());
  const CallGraphTask& sleeping = find(graph, "sleeper");
  CHECK(sleeping.state == TaskState::waiting);
  CHECK(sleeping.waits_for == "sleep");
  CHECK(sleeping.awaits == Names{at(kSleepLine), at(kDozeLine)});
  CHECK_FALSE(sleeping.cancelled);
  CHECK(graph.cycles.empty());
  CHECK(graph.text().find("sleeper waits for sleep at " + at(kSleepLine) + " < " + at(kDozeLine) + "\n") != std::string::npos);
  sleeper.cancel();
  fresh.cancel();
  const CallGraph after = call_graph();
  CHECK(find(after, "sleeper").cancelled);
  CHECK(find(after, "sleeper").state == TaskState::stopping);
  CHECK(after.text().find("sleeper is about to be stopped at ") != std::string::npos);
}

EDDY_TEST_CASE("the call graph draws children below their parents", "[call_graph]") {
  const auto parent = []() -> eddy::Task<> { co_await eddy::gather(doze(), call_doze()); };
  auto handle = eddy::create_task(parent(), {.name = "parent"});
  auto other = eddy::create_task(doze(), {.name = "other"});
  co_await settle();
  const CallGraph graph = call_graph();
  CHECK(graph.tasks.size() == 5);
  const CallGraphTask& gathering = find(graph, "parent");
  CHECK(gathering.waits_for == "gather");
  REQUIRE(gathering.waits_on.size() == 2);
  for (const std::size_t child : gathering.waits_on) CHECK(&graph.tasks[graph.tasks[child].parent] == &gathering);
  const std::string text = graph.text();
  CHECK(text.find("\n|- Task-") != std::string::npos);
  CHECK(text.find("\n`- Task-") != std::string::npos);
  CHECK(find(graph, "other").parent == std::size_t(-1));
  handle.cancel();
  other.cancel();
}

EDDY_TEST_CASE("the call graph shows the body of a timeout as work of its task", "[call_graph]") {
  auto handle = eddy::create_task([]() -> eddy::Task<> { co_await eddy::timeout(1h, doze()); });
  handle.set_name("limited");
  co_await settle();
  const CallGraph graph = call_graph();
  CHECK(find(graph, "limited").waits_for == "work with a deadline");
  CHECK(std::count_if(graph.tasks.begin(), graph.tasks.end(), [](const CallGraphTask& task) { return task.body; }) == 1);
  CHECK(graph.text().find("\n`- its work waits for sleep at ") != std::string::npos);
  handle.cancel();
}

EDDY_TEST_CASE("the call graph knows who awaits a handle, alone or in a group", "[call_graph]") {
  auto worker = eddy::create_task(doze(), {.name = "worker"});
  std::vector<eddy::TaskHandle<>> handles{worker};
  const auto await_it = [](eddy::TaskHandle<> handle) -> eddy::Task<> { co_await handle; };
  const auto gather_it = [](eddy::TaskHandle<> handle) -> eddy::Task<> { co_await eddy::gather(handle, doze()); };
  const auto race_it = [](eddy::TaskHandle<> handle) -> eddy::Task<> { co_await eddy::race(handle, doze()); };
  const auto shield_it = [](eddy::TaskHandle<> handle) -> eddy::Task<> { co_await eddy::shield(handle); };
  const auto wait_for_it = [](std::vector<eddy::TaskHandle<>> all) -> eddy::Task<> { (void)co_await eddy::wait(all); };
  const auto next_of_it = [](std::vector<eddy::TaskHandle<>> all) -> eddy::Task<> {
    auto order = eddy::as_completed(all);
    (void)co_await order.next();
  };
  std::vector<eddy::TaskHandle<>> users;
  users.push_back(eddy::create_task(await_it(worker), {.name = "await"}));
  users.push_back(eddy::create_task(gather_it(worker), {.name = "gather"}));
  users.push_back(eddy::create_task(race_it(worker), {.name = "race"}));
  users.push_back(eddy::create_task(shield_it(worker), {.name = "shield"}));
  users.push_back(eddy::create_task(wait_for_it(handles), {.name = "wait"}));
  users.push_back(eddy::create_task(next_of_it(handles), {.name = "next"}));
  co_await settle();
  const CallGraph graph = call_graph();
  for (const char* name : {"await", "shield", "wait", "next"}) {
    CAPTURE(name);
    CHECK(waited_for_by(graph, find(graph, name)) == Names{"worker"});
  }
  for (const char* name : {"gather", "race"}) {
    CAPTURE(name);
    const Names waited_for = waited_for_by(graph, find(graph, name));
    CHECK(waited_for.size() == 2);
    CHECK(std::count(waited_for.begin(), waited_for.end(), "worker") == 1);
  }
  CHECK(find(graph, "await").waits_for == "a task: worker");
  CHECK(find(graph, "gather").waits_for == "gather: worker");
  CHECK(graph.cycles.empty());
  worker.cancel();
  for (auto& user : users) user.cancel();
}

EDDY_TEST_CASE("the call graph numbers what several wait at", "[call_graph]") {
  eddy::Event event;
  eddy::Semaphore semaphore(0);
  eddy::Queue<int> queue;
  const auto future = eddy::get_running_loop().create_future<int>();
  const auto wait_event = [&]() -> eddy::Task<> { co_await event.wait(); };
  const auto wait_permit = [&]() -> eddy::Task<> { co_await semaphore.acquire(); };
  const auto wait_item = [&]() -> eddy::Task<> { (void)co_await queue.get(); };
  const auto wait_future = [&]() -> eddy::Task<> { (void)co_await future; };
  std::vector<eddy::TaskHandle<>> users;
  users.push_back(eddy::create_task(wait_event(), {.name = "event"}));
  users.push_back(eddy::create_task(wait_event(), {.name = "event too"}));
  users.push_back(eddy::create_task(wait_permit(), {.name = "permit"}));
  users.push_back(eddy::create_task(wait_item(), {.name = "item"}));
  users.push_back(eddy::create_task(wait_future(), {.name = "future"}));
  co_await settle();
  const CallGraph graph = call_graph();
  CHECK(find(graph, "event").waits_for.rfind("an event #", 0) == 0);
  CHECK(find(graph, "event").waits_for == find(graph, "event too").waits_for);
  CHECK(find(graph, "permit").waits_for.rfind("a semaphore #", 0) == 0);
  CHECK(find(graph, "item").waits_for.rfind("an item #", 0) == 0);
  CHECK(find(graph, "future").waits_for.rfind("a future #", 0) == 0);
  for (auto& user : users) user.cancel();
  co_await settle(2);
}

EDDY_LOOP_TEST_CASE("the call graph names the holder of a lock in debug mode, and the circle of two", "[call_graph]") {
  eddy::Lock first;
  eddy::Lock second;
  const auto body = [&]() -> eddy::Task<> {
    eddy::get_running_loop().set_debug(true);
    auto a = eddy::create_task(keep(first, second, 1s), {.name = "a"});
    auto b = eddy::create_task(keep(second, first, 2s), {.name = "b"});
    co_await eddy::sleep(90s);
    const CallGraph graph = call_graph();
    CHECK(find(graph, "a").waits_for.find(", held by b") != std::string::npos);
    CHECK(find(graph, "b").waits_for.find(", held by a") != std::string::npos);
    REQUIRE(graph.cycles.size() == 1);
    CHECK(graph.cycles[0].size() == 2);
    const std::string text = graph.text();
    CHECK(text.find("\ndeadlock: a waits for a lock #") != std::string::npos);
    CHECK(text.find(", held by b; b waits for a lock #") != std::string::npos);
    eddy::get_running_loop().set_debug(false);
    a.cancel();
    b.cancel();
    co_await settle(3);
  };
  run_virtual(body);
}

EDDY_LOOP_TEST_CASE("who has ended with a lock is not taken for a task that got its memory", "[call_graph]") {
  for (const bool named : {true, false}) {
    eddy::Lock lock;
    const auto forget_to_release = [&]() -> eddy::Task<> { co_await lock.acquire(); };
    const auto body = [&]() -> eddy::Task<> {
      eddy::get_running_loop().set_debug(true);
      {
        auto owner = eddy::create_task(forget_to_release(), {.name = named ? "forgetful" : ""});
        co_await settle();
      }
      std::vector<eddy::TaskHandle<>> others;  // of the same size
      for (int i = 0; i < 10; ++i) others.push_back(eddy::create_task(forget_to_release(), {.name = "waits"}));
      co_await settle();
      const CallGraph graph = call_graph();
      CHECK(graph.cycles.empty());
      const std::string held_by = named ? ", held by forgetful, which has ended" : ", held by a task that has ended";
      for (const CallGraphTask& task : graph.tasks) {
        if (task.name != "waits") continue;
        INFO(task.waits_for);
        CHECK(task.waits_on.empty());
        CHECK(task.waits_for.find(held_by) != std::string::npos);
      }
      CHECK_THROWS_WITH(lock.release(),
                        Catch::StartsWith(std::string("eddy: release: ") +
                                          (named ? "task forgetful, which has ended," : "a task that has ended") +
                                          " holds this lock (in task "));
      eddy::get_running_loop().set_debug(false);
      for (auto& other : others) other.cancel();
      co_await settle(2);
    };
    run_virtual(body);
  }
}

EDDY_LOOP_TEST_CASE("the call graph names a task that waits for its own lock, and whom it holds up", "[call_graph]") {
  eddy::Lock lock;
  const auto twice = [&]() -> eddy::Task<> {
    const auto once = co_await lock.scoped();
    const auto again = co_await lock.scoped();
  };
  const auto parent = [&]() -> eddy::Task<> { co_await eddy::gather(twice(), doze()); };
  const auto body = [&]() -> eddy::Task<> {
    eddy::get_running_loop().set_debug(true);
    auto handle = eddy::create_task(parent(), {.name = "parent"});
    co_await eddy::sleep(1s);
    const CallGraph graph = call_graph();
    REQUIRE(graph.cycles.size() == 1);
    REQUIRE(graph.cycles[0].size() == 1);  // the parent waits for it, but is not in the circle
    const CallGraphTask& self = graph.tasks[graph.cycles[0][0]];
    CHECK(self.waits_for.find(", held by " + self.name) != std::string::npos);
    eddy::get_running_loop().set_debug(false);
    handle.cancel();
    co_await settle(3);
  };
  run_virtual(body);
}

EDDY_TEST_CASE("the call graph finds handles that await each other, and no circle that a deadline ends", "[call_graph]") {
  std::vector<eddy::TaskHandle<>> handles(4);
  const auto await_one = [&](std::size_t index) -> eddy::Task<> {
    co_await eddy::yield();
    co_await eddy::shield(handles[index]);
  };
  const auto await_for_a_while = [&](std::size_t index) -> eddy::Task<> {
    co_await eddy::yield();
    (void)co_await eddy::move_on_after(1h, eddy::shield(handles[index]));
  };
  handles[0] = eddy::create_task(await_one(1), {.name = "zero"});
  handles[1] = eddy::create_task(await_one(0), {.name = "one"});
  handles[2] = eddy::create_task(await_one(3), {.name = "two"});
  handles[3] = eddy::create_task(await_for_a_while(2), {.name = "three"});
  co_await settle(3);
  const CallGraph graph = call_graph();
  REQUIRE(graph.cycles.size() == 1);
  Names names;
  for (const std::size_t index : graph.cycles[0]) names.push_back(graph.tasks[index].name);
  std::sort(names.begin(), names.end());
  CHECK(names == Names{"one", "zero"});
  for (auto& handle : handles) handle.cancel();
}

EDDY_LOOP_TEST_CASE("the call graph of an idle loop says that there are no tasks", "[call_graph]") {
  eddy::EventLoop loop;
  CHECK(call_graph(loop).text() == "no tasks\n");
  CHECK_THROWS_AS(call_graph(), eddy::NoRunningLoop);
}

namespace {

// A test that is cut short must not leave a handler that prints to its file.
struct PrintsNoMore {
  PrintsNoMore() = default;
  PrintsNoMore(const PrintsNoMore&) = delete;
  PrintsNoMore& operator=(const PrintsNoMore&) = delete;
  ~PrintsNoMore() { eddy::get_running_loop().remove_signal_handler(SIGUSR1); }
};

}  // namespace

EDDY_TEST_CASE("the call graph refuses another thread in debug mode", "[call_graph][misuse]") {
  eddy::EventLoop& loop = eddy::get_running_loop();
  loop.set_slow_callback_duration(1h);
  loop.set_debug(true);
  std::thread([&loop] { CHECK_THROWS_AS(call_graph(loop), eddy::RuntimeError); }).join();
  loop.set_debug(false);
  co_return;
}

EDDY_TEST_CASE("SIGUSR1 prints the call graph once the program has asked for that", "[call_graph][real]") {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> owner(std::tmpfile(), &std::fclose);
  std::FILE* const file = owner.get();
  REQUIRE(file != nullptr);
  eddy::debug::print_call_graph_on_signal(SIGUSR1, file);
  const PrintsNoMore prints_no_more;
  auto sleeper = eddy::create_task(doze(), {.name = "sleeper"});
  co_await settle();
  ::kill(::getpid(), SIGUSR1);
  for (int i = 0; i < 1000 && std::ftell(file) == 0; ++i) co_await eddy::sleep(1ms);
  std::rewind(file);
  std::string text(4096, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file));
  CHECK(text.find("sleeper waits for sleep at " + at(kSleepLine) + "\n") != std::string::npos);
  CHECK(eddy::get_running_loop().remove_signal_handler(SIGUSR1));
  sleeper.cancel();
}

namespace {

// `levels` tasks, each but the last in a gather that waits for the next.
eddy::Task<> nested(int levels) {
  if (levels == 0) {
    co_await eddy::sleep(1h);
    co_return;
  }
  auto inner = nested(levels - 1);
  co_await eddy::gather(std::move(inner));
}
eddy::Task<> recursive(int levels) {
  if (levels == 0) {
    co_await eddy::sleep(1h);
    co_return;
  }
  co_await recursive(levels - 1);
}

}  // namespace

EDDY_TEST_CASE("the call graph of deep nesting says the level instead of moving ever further in", "[call_graph]") {
  auto outer = eddy::create_task(nested(100), {.name = "outer"});
  co_await settle(2);
  const std::string text = call_graph().text();
  CHECK(text.find("(level 25) Task-") != std::string::npos);
  CHECK(text.find("(level 100) Task-") != std::string::npos);
  CHECK(text.find("(level 24) ") == std::string::npos);
  std::size_t longest = 0;
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t end = text.find('\n', from);
    longest = std::max(longest, end - from);
    from = end + 1;
  }
  CHECK(longest < 24 * 3 + 100 + std::string(__FILE__).size());
  outer.cancel();
}

EDDY_TEST_CASE("the call graph's text leaves out the middle of deep recursion, and its data does not", "[call_graph]") {
  auto outer = eddy::create_task(recursive(1000), {.name = "outer"});
  co_await settle(2);
  const CallGraph graph = call_graph();
  CHECK(find(graph, "outer").awaits.size() == 1001);
  CHECK(graph.text().find(" < (953 more) < ") != std::string::npos);
  outer.cancel();
}

EDDY_TEST_CASE("the call graph's text names ten of many handles", "[call_graph]") {
  std::vector<eddy::TaskHandle<>> handles;
  for (int i = 0; i < 15; ++i) handles.push_back(eddy::create_task(doze(), {.name = "sleeper"}));
  const auto wait_for_all = [](std::vector<eddy::TaskHandle<>> all) -> eddy::Task<> { (void)co_await eddy::wait(std::move(all)); };
  auto waiter = eddy::create_task(wait_for_all(handles), {.name = "waiter"});
  co_await settle(2);
  const std::string waits_for = find(call_graph(), "waiter").waits_for;
  CHECK(waits_for.find("sleeper, sleeper and 5 more") != std::string::npos);
  waiter.cancel();
  for (auto& handle : handles) handle.cancel();
}

EDDY_LOOP_TEST_CASE("the call graph of ten thousand nested groups and timeouts takes no deep stack and no long time", "[call_graph][deep]") {
  constexpr int kLevels = 10'000;
  const auto body = [&]() -> eddy::Task<> {
    auto groups = eddy::create_task(nested(kLevels), {.name = "groups"});
    auto timeouts = eddy::create_task(test::nap_in_timeouts(kLevels, 1h), {.name = "timeouts"});
    auto calls = eddy::create_task(recursive(kLevels), {.name = "calls"});
    co_await eddy::sleep(1s);
    const CallGraph graph = call_graph();
    CHECK(graph.tasks.size() == 2 * kLevels + 4);
    CHECK(graph.cycles.empty());
    CHECK(graph.text().size() < 300UL * graph.tasks.size());
    groups.cancel();
    timeouts.cancel();
    calls.cancel();
    co_await eddy::sleep(1s);
  };
  run_virtual(body);
}

EDDY_TEST_CASE("to ask for SIGUSR1 twice prints once, and to the second stream", "[call_graph][real]") {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> first(std::tmpfile(), &std::fclose);
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> second(std::tmpfile(), &std::fclose);
  eddy::debug::print_call_graph_on_signal(SIGUSR1, first.get());
  eddy::debug::print_call_graph_on_signal(SIGUSR1, second.get());
  const PrintsNoMore prints_no_more;
  ::kill(::getpid(), SIGUSR1);
  for (int i = 0; i < 1000 && std::ftell(second.get()) == 0; ++i) co_await eddy::sleep(1ms);
  CHECK(std::ftell(first.get()) == 0);
  CHECK(std::ftell(second.get()) > 0);
  CHECK(eddy::get_running_loop().remove_signal_handler(SIGUSR1));
  CHECK_FALSE(eddy::get_running_loop().remove_signal_handler(SIGUSR1));
}

TEST_CASE("SIGUSR1 has its own meaning again once the loop is closed", "[call_graph][real]") {
  const Ended ended = in_child([] {
    const auto main = []() -> eddy::Task<> {
      eddy::debug::print_call_graph_on_signal();
      ::kill(::getpid(), SIGUSR1);
      co_await eddy::sleep(10ms);
    };
    eddy::run(main());
    ::kill(::getpid(), SIGUSR1);
  });
  CHECK(ended.wrote("main waits for sleep at "));
  CHECK(ended.killed_by(SIGUSR1));
}

TEST_CASE("print_call_graph_on_signal needs a running loop", "[call_graph][misuse]") {
  CHECK_THROWS_AS(eddy::debug::print_call_graph_on_signal(), eddy::NoRunningLoop);
}
