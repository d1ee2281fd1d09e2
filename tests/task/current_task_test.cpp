// Tests of eddy/task/current_task.hpp.
// SPDX-License-Identifier: MIT
#include <eddy/task/current_task.hpp>

#include "support/run.hpp"

#include <algorithm>
#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace {

using Log = std::vector<std::string>;

eddy::Task<> wait_for_ever() { co_await eddy::sleep(std::chrono::hours::max()); }
eddy::Task<> end_at_once() { co_return; }
eddy::Task<std::string> own_name() { co_return eddy::current_task().name(); }

Log names_of_all_tasks() {
  Log names;
  for (const eddy::TaskRef& task : eddy::all_tasks()) names.push_back(task.name());
  return names;
}

}  // namespace

EDDY_TEST_CASE("current_task is the running task, through interleaved tasks and in what they await", "[task][c20]") {
  int wrong = 0;
  const auto body = [&](std::string name) -> eddy::Task<> {
    for (int i = 0; i < 5; ++i) {
      if (eddy::current_task().name() != name) ++wrong;
      co_await eddy::yield();
      const std::string inside = co_await own_name();
      if (inside != name) ++wrong;
      co_await eddy::sleep(1ms);
    }
  };
  std::vector<eddy::TaskHandle<>> tasks;
  for (const char* name : {"a", "b", "c"}) tasks.push_back(eddy::create_task(body(name), {.name = name}));
  for (auto& task : tasks) {
    co_await task;
    if (eddy::current_task().name() != "main") ++wrong;
  }
  CHECK(wrong == 0);
}

EDDY_LOOP_TEST_CASE("current_task is empty outside any task: outside a loop and in callbacks", "[task][c21]") {
  CHECK_FALSE(eddy::current_task());
  test::run_virtual([]() -> eddy::Task<> {
    CHECK(eddy::current_task());
    int empty = 0;
    eddy::get_running_loop().call_soon([&] { empty += !eddy::current_task(); });
    auto handle = eddy::create_task(end_at_once());
    handle.add_done_callback([&] { empty += !eddy::current_task(); });
    co_await eddy::sleep(1ms);
    CHECK(empty == 2);
  });
  CHECK_FALSE(eddy::current_task());
}

TEST_CASE("an empty TaskRef refers to no task and does nothing", "[task][c21]") {
  const eddy::TaskRef none;
  CHECK_FALSE(none);
  CHECK(none.done());
  CHECK_FALSE(none.cancel());
  CHECK(none.cancelling() == 0);
  CHECK_FALSE(none.unwinding());
  CHECK(none.name().empty());
  none.set_name("nobody");
  CHECK(none.name().empty());
  CHECK(none == eddy::TaskRef());
}

EDDY_TEST_CASE("inside a timeout and its like current_task is the task that called them", "[task][c20]") {
  const std::string in_timeout = co_await eddy::timeout(1s, own_name());
  CHECK(in_timeout == "main");
  const std::string masked = co_await eddy::uncancellable(own_name());
  CHECK(masked == "main");
}

EDDY_TEST_CASE("children of a gather are tasks of their own", "[task][c20]") {
  const auto names = co_await eddy::gather(own_name(), own_name());
  CHECK(std::get<0>(names) != "main");
  CHECK(std::get<0>(names) != std::get<1>(names));
  CHECK(eddy::current_task().name() == "main");
}

EDDY_TEST_CASE("all_tasks lists what has not ended and nothing else", "[task][c22]") {
  CHECK(names_of_all_tasks() == Log{"main"});
  auto waiting = eddy::create_task(wait_for_ever(), {.name = "waiting"});
  auto ending = eddy::create_task(end_at_once(), {.name = "ending"});
  CHECK(names_of_all_tasks() == Log{"main", "waiting", "ending"});
  co_await test::settle();
  CHECK(names_of_all_tasks() == Log{"main", "waiting"});
  waiting.cancel();
  CHECK(names_of_all_tasks() == Log{"main", "waiting"});
  co_await test::settle();
  CHECK(names_of_all_tasks() == Log{"main"});
}

EDDY_TEST_CASE("all_tasks lists children of groups, behind their parents", "[task][c22]") {
  Log seen;
  const auto looks = [&]() -> eddy::Task<> {
    eddy::current_task().set_name("looks");
    co_await eddy::sleep(1s);
    seen = names_of_all_tasks();
  };
  const auto waits = []() -> eddy::Task<> {
    eddy::current_task().set_name("waits");
    co_await eddy::sleep(2s);
  };
  co_await eddy::gather(looks(), waits());
  CHECK(seen.size() == 3);
  CHECK(seen.front() == "main");
  CHECK(std::find(seen.begin(), seen.end(), "looks") != seen.end());
  CHECK(std::find(seen.begin(), seen.end(), "waits") != seen.end());
}

EDDY_TEST_CASE("all_tasks goes on behind a task that gathers handles only, which are no children", "[task][c22]") {
  auto slow = eddy::create_task([]() -> eddy::Task<> { co_await eddy::sleep(1h); });
  const auto gathers = [](eddy::TaskHandle<> handle) -> eddy::Task<> { co_await eddy::gather(handle); };
  auto gathering = eddy::create_task(gathers(slow));
  auto last = eddy::create_task([]() -> eddy::Task<> { co_await eddy::sleep(1h); });
  co_await eddy::sleep(1s);
  CHECK(eddy::all_tasks().size() == 4);
  co_await gathering;
  co_await last;
}

TEST_CASE("all_tasks outside a loop throws NoRunningLoop", "[task][c22]") {
  CHECK_THROWS_AS(eddy::all_tasks(), eddy::NoRunningLoop);
}

EDDY_TEST_CASE("cancelling all tasks but oneself ends them", "[task][c22]") {
  std::vector<eddy::TaskHandle<>> handles;
  for (int i = 0; i < 5; ++i) handles.push_back(eddy::create_task(wait_for_ever()));
  co_await test::settle();
  for (const eddy::TaskRef& task : eddy::all_tasks()) {
    if (task != eddy::current_task()) CHECK(task.cancel("sweep"));
  }
  co_await test::settle();
  for (const auto& handle : handles) CHECK(handle.cancelled());
}

EDDY_LOOP_TEST_CASE("a TaskRef outlives its task, then says that it is done and keeps the name", "[task][c27][order]") {
  eddy::TaskRef ref;
  const auto body = [&]() -> eddy::Task<> {
    ref = eddy::current_task();
    co_await eddy::sleep(1s);
  };
  test::run_virtual([&]() -> eddy::Task<> {
    (void)eddy::create_task(body(), {.name = "short-lived"});
    co_await eddy::yield();
    CHECK(ref);
    CHECK_FALSE(ref.done());
    co_await eddy::sleep(2s);
    CHECK(ref.done());
    CHECK_FALSE(ref.cancel());
  });
  CHECK(ref);
  CHECK(ref.done());
  CHECK_FALSE(ref.unwinding());
  CHECK(ref.name() == "short-lived");
  const eddy::TaskRef copy = ref;
  ref = {};
  CHECK(copy.name() == "short-lived");
}

EDDY_TEST_CASE("a task names itself, and its handle sees it", "[task][c27]") {
  const auto body = []() -> eddy::Task<> {
    eddy::current_task().set_name("self-named");
    co_return;
  };
  auto handle = eddy::create_task(body());
  co_await handle;
  CHECK(handle.name() == "self-named");
  CHECK(eddy::current_task().name() == "main");
}

EDDY_LOOP_TEST_CASE("unwinding is true in destructors while a task is stopped, and false when its scopes end otherwise",
                    "[task][c46]") {
  Log log;
  struct Probe {
    Probe(Log& target, std::string text) : log(target), name(std::move(text)) {}
    Probe(const Probe&) = delete;
    Probe& operator=(const Probe&) = delete;
    ~Probe() { log.push_back(name + (eddy::current_task().unwinding() ? " stopped" : " left")); }
    Log& log;
    std::string name;
  };
  const auto leaf = [&](eddy::Duration delay, bool fails) -> eddy::Task<> {
    const Probe probe(log, "leaf");
    co_await eddy::sleep(delay);
    if (fails) throw std::runtime_error("failed");
  };
  const auto root = [&](eddy::Duration delay, bool fails) -> eddy::Task<> {
    const Probe probe(log, "root");
    co_await leaf(delay, fails);
  };
  test::run_virtual([&]() -> eddy::Task<> {
    auto stopped = eddy::create_task(root(1h, false));
    co_await eddy::sleep(1ms);
    stopped.cancel();
    CHECK(log.empty());
    co_await eddy::sleep(1ms);
    CHECK(log == Log{"leaf stopped", "root stopped"});
    log.clear();
    auto left = eddy::create_task(root(1ms, false));
    co_await left;
    CHECK(log == Log{"leaf left", "root left"});
    log.clear();
    auto failed = eddy::create_task(root(1ms, true));
    co_await eddy::sleep(1s);
    CHECK(failed.exception() != nullptr);
    CHECK(log == Log{"leaf left", "root left"});
    log.clear();
    CHECK_FALSE(eddy::current_task().unwinding());
  });
}

EDDY_LOOP_TEST_CASE("unwinding is true in what a timeout stops, for the task that called it", "[task]") {
  bool seen = false;
  struct Probe {
    explicit Probe(bool& flag) : seen(flag) {}
    Probe(const Probe&) = delete;
    Probe& operator=(const Probe&) = delete;
    ~Probe() { seen = eddy::current_task().unwinding() && eddy::current_task().name() == "main"; }
    bool& seen;
  };
  const auto body = [&]() -> eddy::Task<> {
    const Probe probe(seen);
    co_await eddy::sleep(1h);
  };
  test::run_virtual([&]() -> eddy::Task<> {
    const bool ended = co_await eddy::move_on_after(1s, body());
    CHECK_FALSE(ended);
    CHECK_FALSE(eddy::current_task().unwinding());
  });
  CHECK(seen);
}

EDDY_LOOP_TEST_CASE(
    "unwinding is true for the parameters of a task that is stopped before its start, not for a dropped Task's",
    "[task][c2][order]") {
  Log log;
  struct Probe {
    explicit Probe(Log& target) : log(&target) {}
    Probe(Probe&& other) noexcept : log(std::exchange(other.log, nullptr)) {}
    Probe& operator=(Probe&&) = delete;
    ~Probe() {
      const eddy::testing::AllocationsSucceed pause;
      if (log != nullptr) log->push_back(eddy::current_task().unwinding() ? "stopped" : "left");
    }
    Log* log;
  };
  const auto body = [](Probe) -> eddy::Task<> { co_return; };
  test::run_virtual([&]() -> eddy::Task<> {
    auto handle = eddy::create_task(body(Probe(log)));
    handle.cancel();
    co_await eddy::yield();
    CHECK(handle.cancelled());
    (void)body(Probe(log));  // dropped: that is no stop
  });
  CHECK(log == Log{"stopped", "left"});
}
