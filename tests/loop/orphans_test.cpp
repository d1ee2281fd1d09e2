// Queues that are destroyed while tasks wait at them: who waits is told, and who is left behind by main is not.
//
// SPDX-License-Identifier: MIT
#include <eddy/loop/orphans.hpp>

#include "support/child.hpp"
#include "support/debug_reports.hpp"
#include "support/run.hpp"

#include <algorithm>
#include <functional>
#include <memory>

using namespace test;

namespace {

using Log = std::vector<std::string>;
constexpr const char* kBroken = "eddy: a queue was destroyed while tasks waited for it";

template <class Queue>
eddy::Task<> gets(Queue& queue, Log& log) {
  const OnExit left(log, "getter left");
  try {
    const int item = co_await queue.get();
    log.push_back("got " + std::to_string(item));
  } catch (const eddy::BrokenResourceError& error) {
    log.push_back(std::string("getter: ") + error.what());
  }
}
template <class Queue>
eddy::Task<> puts(Queue& queue, Log& log) {
  const OnExit left(log, "putter left");
  try {
    co_await queue.put(2);
    log.push_back("put");
  } catch (const eddy::BrokenResourceError& error) {
    log.push_back(std::string("putter: ") + error.what());
  }
}
template <class Queue>
eddy::Task<> joins(Queue& queue, Log& log) {
  const OnExit left(log, "joiner left");
  try {
    co_await queue.join();
    log.push_back("joined");
  } catch (const eddy::BrokenResourceError& error) {
    log.push_back(std::string("joiner: ") + error.what());
  }
}

// A queue with a getter, a full one with a putter and a joiner.
template <class Queue>
struct Waiters {
  std::unique_ptr<Queue> empty = std::make_unique<Queue>(1);
  std::unique_ptr<Queue> full = std::make_unique<Queue>(1);
  std::vector<eddy::TaskHandle<>> tasks;
  explicit Waiters(Log& log) {
    full->put_nowait(1);
    tasks.push_back(eddy::create_task(gets(*empty, log)));
    tasks.push_back(eddy::create_task(puts(*full, log)));
    tasks.push_back(eddy::create_task(joins(*full, log)));
  }
  void destroy() {
    empty.reset();
    full.reset();
  }
};

template <class Queue>
eddy::Task<> check_told() {
  eddy::get_running_loop().set_debug(false);
  Log log;
  Waiters<Queue> waiters(log);
  co_await settle();
  waiters.destroy();
  CHECK(log.empty());  // told in their turn
  for (auto& task : waiters.tasks) co_await task;
  std::sort(log.begin(), log.end());
  CHECK(log == Log{"getter left", std::string("getter: ") + kBroken, "joiner left", std::string("joiner: ") + kBroken,
                   "putter left", std::string("putter: ") + kBroken});
}

}  // namespace

EDDY_TEST_CASE("who waits at a queue that is destroyed has an error, whatever the queue and the wait") {
  co_await check_told<eddy::Queue<int>>();
  co_await check_told<eddy::LifoQueue<int>>();
  co_await check_told<eddy::PriorityQueue<int>>();
}

EDDY_TEST_CASE("the item of a putter whose queue is destroyed stays with the putter until it is told") {
  eddy::get_running_loop().set_debug(false);
  const int before = Tracked::alive;
  auto queue = std::make_unique<eddy::Queue<Tracked>>(1);
  queue->put_nowait(Tracked());
  int seen = 0;
  auto putter = eddy::create_task([](eddy::Queue<Tracked>& q, int& alive, int others) -> eddy::Task<> {
    auto put = q.put(Tracked());
    try {
      co_await put;
    } catch (const eddy::BrokenResourceError&) {
      alive = Tracked::alive - others;
    }
  }, std::ref(*queue), std::ref(seen), before);
  co_await settle();
  CHECK(Tracked::alive == before + 2);
  queue.reset();
  CHECK(Tracked::alive == before + 1);
  co_await putter;
  CHECK(seen == 1);
  CHECK(Tracked::alive == before);
}

EDDY_TEST_CASE("a getter whose queue is destroyed before it can take its item has the error") {
  Log log;
  auto queue = std::make_unique<eddy::Queue<int>>();
  auto getter = eddy::create_task(gets(*queue, log));
  co_await settle();
  queue->put_nowait(1);
  queue.reset();
  co_await getter;
  CHECK(log == Log{std::string("getter: ") + kBroken, "getter left"});
}

EDDY_TEST_CASE("who is cancelled in the pass in which the queue is destroyed ends as cancelled", "[order]") {
  Log log;
  Waiters<eddy::Queue<int>> waiters(log);
  co_await settle();
  waiters.destroy();
  for (auto& task : waiters.tasks) task.cancel();
  co_await settle(3);
  for (auto& task : waiters.tasks) CHECK(task.cancelled());
  CHECK(log == Log{"getter left", "putter left", "joiner left"});
}

EDDY_TEST_CASE("who is cancelled after he was told has the error, and ends", "[order]") {
  eddy::get_running_loop().set_debug(false);
  Log log;
  Waiters<eddy::Queue<int>> waiters(log);
  co_await settle();
  waiters.destroy();
  co_await eddy::yield();  // they are woken behind this task
  for (auto& task : waiters.tasks) task.cancel();
  co_await settle(2);
  for (auto& task : waiters.tasks) CHECK(task.done());
  std::sort(log.begin(), log.end());
  CHECK(log == Log{"getter left", std::string("getter: ") + kBroken, "joiner left", std::string("joiner: ") + kBroken,
                   "putter left", std::string("putter: ") + kBroken});
}

TEST_CASE("workers that wait at queues of main's are cancelled with what main leaves behind") {
  for (const bool debug : {false, true}) {
    Log log;
    std::vector<eddy::TaskHandle<>> tasks;
    const auto reports = reports_of([&]() -> eddy::Task<> {
      Waiters<eddy::Queue<int>> waiters(log);
      tasks = waiters.tasks;
      co_await eddy::yield();
    }, debug);
    CHECK(log == Log{"getter left", "putter left", "joiner left"});
    for (auto& task : tasks) CHECK(task.cancelled());
    int left = 0;
    for (const auto& report : reports) {
      CHECK(report.message.find("never retrieved") == std::string::npos);
      left += report.message.find("the main task ended while these were left") == 0;
    }
    if (debug) CHECK(left == 1);
  }
}

TEST_CASE("one that cannot be cancelled and waits at a queue of main's is told at the end of the run") {
  Log log;
  run_virtual([&]() -> eddy::Task<> {
    eddy::get_running_loop().set_debug(false);
    eddy::Queue<int> queue;
    (void)eddy::create_task([](eddy::Queue<int>& q, Log& l) -> eddy::Task<> { co_await eddy::uncancellable(gets(q, l)); },
                            std::ref(queue), std::ref(log));
    co_await eddy::sleep(1s);
  });
  CHECK(log == Log{std::string("getter: ") + kBroken, "getter left"});
}

TEST_CASE("a queue that is destroyed by a callback of run_forever or beside a main task tells its waiters") {
  Log log;
  eddy::EventLoop loop;
  loop.set_debug(false);
  auto queue = std::make_unique<eddy::Queue<int>>();
  const auto wait = [&]() -> eddy::Task<> {
    loop.call_soon([&] { loop.call_soon([&] { queue.reset(); }); });
    co_await gets(*queue, log);
    loop.stop();
  };
  loop.run_until_complete([](eddy::Queue<int>& q, Log& l, std::unique_ptr<eddy::Queue<int>>& owner) -> eddy::Task<> {
    auto getter = eddy::create_task(gets(q, l));
    co_await eddy::yield();
    owner.reset();
    co_await getter;
  }(*queue, log, queue));
  CHECK(log == Log{std::string("getter: ") + kBroken, "getter left"});

  log.clear();
  queue = std::make_unique<eddy::Queue<int>>();
  loop.call_soon([&] { (void)eddy::create_task(wait); });
  loop.run_forever();
  CHECK(log == Log{std::string("getter: ") + kBroken, "getter left"});
}

TEST_CASE("who stands still with his loop while the queue is destroyed is stopped there") {
  for (const bool debug : {false, true}) {
    Log log;
    eddy::RunOptions options;
    options.debug = debug;
    eddy::Runner runner(options);
    auto queue = std::make_unique<eddy::Queue<int>>();
    auto task = runner.run([](eddy::Queue<int>& q, Log& l) -> eddy::Task<eddy::TaskHandle<>> {
      auto getter = eddy::create_task(gets(q, l));
      co_await eddy::yield();
      co_return getter;
    }(*queue, log));
    queue.reset();
    CHECK_FALSE(task.done());
    runner.close();
    CHECK(task.cancelled());
    CHECK(log == Log{"getter left"});
  }
}

EDDY_TEST_CASE("the ends of a channel may go while tasks wait in it: they keep it, and are told its end") {
  auto ends = std::make_unique<eddy::Channel<int>>(1);
  Log log;
  REQUIRE(ends->sender.try_send(1));
  auto sender = eddy::create_task([](eddy::Sender<int>& s, Log& l) -> eddy::Task<> {
    try {
      co_await s.send(2);
    } catch (const eddy::ChannelClosed&) {
      l.push_back("nobody listens");
    }
  }, std::ref(ends->sender), std::ref(log));
  auto other = std::make_unique<eddy::Channel<int>>(1);
  auto receiver = eddy::create_task([](eddy::Receiver<int>& r, Log& l) -> eddy::Task<> {
    const auto item = co_await r.next();
    l.push_back(item ? "an item" : "the end");
  }, std::ref(other->receiver), std::ref(log));
  co_await settle();
  ends.reset();
  other.reset();
  co_await sender;
  co_await receiver;
  std::sort(log.begin(), log.end());
  CHECK(log == Log{"nobody listens", "the end"});
}

TEST_CASE("in debug mode a queue that is destroyed under its waiters stops the program, with who waited where") {
  int line = 0;
  const Ended ended = in_child([&] {
    run_virtual([]() -> eddy::Task<> {
      eddy::get_running_loop().set_debug(true);
      auto queue = std::make_unique<eddy::Queue<int>>();
      const auto wait = [](eddy::Queue<int>& q) -> eddy::Task<> { (void)co_await q.get(); };
      const auto task = eddy::create_task(eddy::TaskOptions{.name = "packer"}, wait, std::ref(*queue));
      co_await eddy::yield();
      queue.reset();
      co_await eddy::sleep(1s);
    });
  });
  line = __LINE__ - 7;
  CHECK(ended.killed_by(SIGABRT));
  CHECK(ended.wrote("eddy: a queue was destroyed while tasks waited for it; it must outlive them: packer waits for a queue that was "
                    "destroyed at " __FILE__ ":" + std::to_string(line)));
}
