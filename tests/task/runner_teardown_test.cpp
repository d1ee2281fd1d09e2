// Tests of eddy/task/runner.hpp, of run and of EventLoop::close: destructors that interfere while a loop closes, and what outlives
// its loop and is used afterwards.
//
// SPDX-License-Identifier: MIT
#include <eddy/task/runner.hpp>

#include "support/child.hpp"
#include "support/leak_on_purpose.hpp"
#include "support/work.hpp"
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <fcntl.h>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace test;

namespace {

using Log = std::vector<std::string>;

// The three ways in which a loop comes to its end.
enum class End { run, runner, loop };
constexpr std::array kEnds{End::run, End::runner, End::loop};

// Runs `main()`, a coroutine function, and closes the loop, twice where that can be done.
template <class F>
void run_to(End end, F& main) {
  eddy::testing::VirtualClock clock;
  eddy::RunOptions options;
  options.clock = &clock;
  options.on_exception = &record_report;
  if (end == End::run) {
    eddy::run(main(), options);
  } else if (end == End::runner) {
    eddy::Runner runner(options);
    runner.run(main());
    runner.close();
    runner.close();
    CHECK(runner.get_loop().is_closed());
  } else {
    eddy::EventLoop loop(&clock);
    loop.set_exception_handler(&record_report);
    loop.run_until_complete(main());
    loop.close();
    loop.close();
    CHECK(loop.is_closed());
  }
}

// What destructors interfere with. It outlives the loops.
struct World {
  eddy::Event event;
  eddy::Lock lock;
  eddy::Semaphore semaphore{0};
  eddy::Condition condition;
  eddy::Barrier barrier{3};
  eddy::Latch latch{1};
  eddy::Queue<int> queue;
  eddy::Queue<int> unfinished;
  eddy::Channel<int> channel = eddy::channel<int>(0);
  std::vector<eddy::TaskHandle<>> tasks;
  std::optional<eddy::Future<int>> future;
  int started = 0;  // tasks that a destructor has spawned and that had a step
  int destroyed = 0;
};

// Its destructor does all that it can.
class Mischief {
 public:
  explicit Mischief(World& world) : world_(&world) {}
  Mischief(Mischief&& other) noexcept : world_(std::exchange(other.world_, nullptr)) {}
  Mischief& operator=(Mischief&&) = delete;
  ~Mischief() {
    if (world_ == nullptr) return;
    World& world = *world_;
    const eddy::testing::AllocationsSucceed pause;  // a sweep may be letting them fail
    ++world.destroyed;
    world.event.set();
    world.event.clear();
    if (world.lock.locked()) world.lock.release();
    world.semaphore.release(2);
    if (world.condition.locked()) {
      world.condition.notify_all();
      world.condition.release();
    }
    world.barrier.abort();
    world.latch.count_down();
    world.queue.put_nowait(1);
    (void)world.channel.sender.try_send(1);
    (void)world.channel.receiver.try_receive();
    if (world.future) world.future->set_result_unless_done(1);
    for (auto& task : world.tasks) task.cancel("mischief");
    try {
      const auto spawned = [](World& target, Tracked) -> eddy::Task<> {
        ++target.started;
        co_return;
      };
      auto handle = eddy::create_task(spawned(world, Tracked()));
      handle.add_done_callback([] {});
      eddy::get_running_loop().call_soon([tracked = Tracked()] {});
      eddy::get_running_loop().call_later(0s, [tracked = Tracked()] {});
      eddy::get_running_loop().call_soon_threadsafe([tracked = Tracked()] {});
    } catch (const eddy::RuntimeError&) {  // NoRunningLoop or LoopClosed
    }
  }

 private:
  World* world_;
};

eddy::Task<> wait_for_ever() { co_await eddy::sleep(std::chrono::hours::max()); }

// Tasks that wait for everything in the world.
void start_waiters(World& world, bool in_condition = true) {
  world.unfinished.put_nowait(1);
  const auto start = [&world](eddy::Task<> task) { world.tasks.push_back(eddy::create_task(std::move(task))); };
  start([](World& w) -> eddy::Task<> { co_await w.event.wait(); }(world));
  start([](World& w) -> eddy::Task<> { const auto guard = co_await w.lock.scoped(); co_await eddy::yield(); }(world));
  start([](World& w) -> eddy::Task<> { co_await w.lock.acquire(); w.lock.release(); }(world));
  start([](World& w) -> eddy::Task<> { const auto permit = co_await w.semaphore.scoped(); co_await eddy::yield(); }(world));
  const auto wait_in_condition = [](World& w) -> eddy::Task<> {
    const auto guard = co_await w.condition.scoped();
    co_await w.condition.wait();
  };
  if (in_condition) start(wait_in_condition(world));
  start([](World& w) -> eddy::Task<> { (void)co_await w.barrier.wait(); }(world));
  start([](World& w) -> eddy::Task<> { co_await w.latch.wait(); }(world));
  start([](World& w) -> eddy::Task<> { (void)co_await w.queue.get(); }(world));
  start([](World& w) -> eddy::Task<> { co_await w.unfinished.join(); }(world));
  start([](World& w) -> eddy::Task<> { (void)co_await w.channel.receiver.next(); }(world));
  start([](World& w) -> eddy::Task<> { (void)co_await *w.future; }(world));
  start([](World& w) -> eddy::Task<> { co_await eddy::shield(w.tasks.front()); }(world));
  start([](World& w) -> eddy::Task<> { co_await eddy::timeout(1h, w.event.wait()); }(world));
  start([](World& w) -> eddy::Task<> { co_await eddy::gather(wait_for_ever(), wait_for_ever()); static_cast<void>(w); }(world));
}

// A generator whose local is one that interferes.
eddy::AsyncGenerator<int> mischievous(World& world) {
  const Mischief local(world);
  for (int i = 0;; ++i) co_yield i;
}

struct Place {
  const char* name;
  std::function<eddy::Task<>(World&)> put;
  int count = 1;
  bool in_next_turn = false;  // when it would be destroyed, so the loop must close before
};

// Where a loop finds something to destroy when it closes.
const std::vector<Place>& places() {
  static const std::vector<Place> all{
      {"a local",
       [](World& world) -> eddy::Task<> {
         const auto body = [](World& w) -> eddy::Task<> {
           const Mischief local(w);
           co_await wait_for_ever();
         };
         world.tasks.push_back(eddy::create_task(body(world)));
         co_return;
       }},
      {"locals of a chain",
       [](World& world) -> eddy::Task<> {
         const auto leaf = [](World& w) -> eddy::Task<> {
           const Mischief local(w);
           co_await wait_for_ever();
         };
         const auto root = [leaf](World& w) -> eddy::Task<> {
           const Mischief local(w);
           co_await eddy::gather(leaf(w), leaf(w));
         };
         const auto kept = std::make_shared<decltype(root)>(root);
         const auto body = [](std::shared_ptr<const decltype(root)> fn, World& w) -> eddy::Task<> { co_await (*fn)(w); };
         world.tasks.push_back(eddy::create_task(body(kept, world)));
         co_return;
       },
       3},
      {"a parameter",
       [](World& world) -> eddy::Task<> {
         const auto body = [](Mischief) -> eddy::Task<> { co_await wait_for_ever(); };
         world.tasks.push_back(eddy::create_task(body(Mischief(world))));
         co_return;
       }},
      {"a task that never starts",
       [](World& world) -> eddy::Task<> {
         const auto body = [](Mischief) -> eddy::Task<> { co_await wait_for_ever(); };
         auto task = eddy::create_task(body(Mischief(world)));
         task.cancel();
         world.tasks.push_back(std::move(task));
         co_return;
       },
       1,
       true},
      {"call_later",
       [](World& world) -> eddy::Task<> {
         eddy::get_running_loop().call_later(1h, [mischief = Mischief(world)] {});
         co_return;
       }},
      {"call_soon",
       [](World& world) -> eddy::Task<> {
         eddy::get_running_loop().call_soon([mischief = Mischief(world)] {});
         co_return;
       },
       1,
       true},
      {"add_reader",
       [](World& world) -> eddy::Task<> {
         std::array<int, 2> ends{};
         if (::pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
         struct Pipe {
           explicit Pipe(std::array<int, 2> both) : fds(both) {}
           Pipe(Pipe&& other) noexcept : fds(std::exchange(other.fds, {-1, -1})) {}
           Pipe& operator=(Pipe&&) = delete;
           ~Pipe() {
             for (const int fd : fds) {
               if (fd >= 0) ::close(fd);
             }
           }
           std::array<int, 2> fds;
         };
         eddy::get_running_loop().add_reader(ends[0], [pipe = Pipe(ends), mischief = Mischief(world)] {});
         co_return;
       }},
      {"a done callback of a task",
       [](World& world) -> eddy::Task<> {
         auto task = eddy::create_task(wait_for_ever());
         task.add_done_callback([mischief = Mischief(world)] {});
         world.tasks.push_back(std::move(task));
         co_return;
       }},
      {"a generator's local",
       [](World& world) -> eddy::Task<> {
         const auto body = [](World& w) -> eddy::Task<> {
           auto source = mischievous(w);
           (void)co_await source.next();
           co_await wait_for_ever();
         };
         world.tasks.push_back(eddy::create_task(body(world)));
         co_return;
       }},
      {"a generator's local, inside of next",
       [](World& world) -> eddy::Task<> {
         const auto waits = [](World& w) -> eddy::AsyncGenerator<int> {
           const Mischief local(w);
           co_await wait_for_ever();
           co_yield 1;
         };
         const auto body = [waits](World& w) -> eddy::Task<> {
           auto source = waits(w);
           (void)co_await source.next();
         };
         const auto kept = std::make_shared<decltype(body)>(body);
         const auto call = [](std::shared_ptr<const decltype(body)> fn, World& w) -> eddy::Task<> { co_await (*fn)(w); };
         world.tasks.push_back(eddy::create_task(call(kept, world)));
         co_return;
       }},
      {"an item of a queue that a task owns",
       [](World& world) -> eddy::Task<> {
         const auto body = [](World& w) -> eddy::Task<> {
           eddy::Queue<std::unique_ptr<Mischief>> queue;
           queue.put_nowait(std::make_unique<Mischief>(w));
           co_await wait_for_ever();
         };
         world.tasks.push_back(eddy::create_task(body(world)));
         co_return;
       }},
      {"a context variable",
       [](World& world) -> eddy::Task<> {
         static eddy::ContextVar<std::shared_ptr<Mischief>> variable("mischief", nullptr);
         const auto body = [](World& w) -> eddy::Task<> {
           variable.set(std::make_shared<Mischief>(w));
           co_await wait_for_ever();
         };
         (void)eddy::create_task(body(world));  // a handle would keep the value
         co_return;
       }},
  };
  return all;
}

}  // namespace

TEST_CASE("destructors that wake, spawn and cancel while a loop closes do no harm, wherever they are", "[task][c335]") {
  for (const End end : kEnds) {
    for (const Place& place : places()) {
      for (const bool first : {true, false}) {
        INFO(place.name);
        World world;
        REQUIRE(world.lock.try_acquire());
        const auto main = [&]() -> eddy::Task<> {
          world.future.emplace(eddy::get_running_loop().create_future<int>());
          eddy::Task<> put = place.put(world);
          if (first) co_await std::move(put);
          start_waiters(world);
          if (!first) {
            co_await eddy::yield();
            co_await std::move(put);
          }
          if (!place.in_next_turn) co_await eddy::yield();
        };
        run_to(end, main);
        CHECK(world.destroyed == place.count);
        CHECK(world.started == 0);
        for (const auto& task : world.tasks) {
          REQUIRE(task.done());
          if (!task.cancelled()) static_cast<void>(task.exception());  // of the barrier
        }
        world.tasks.clear();
        world.future.reset();
        CHECK(Tracked::alive == 0);
        CHECK(take_reports().empty());
      }
    }
  }
}

TEST_CASE("what destructors of unwinding tasks hand over reaches no task that is stopped, and is not lost", "[task][c335]") {
  for (const End end : kEnds) {
    eddy::Lock lock;
    eddy::Semaphore semaphore(0);
    eddy::Queue<int> queue;
    int got = 0;
    const auto main = [&]() -> eddy::Task<> {
      const auto holds = [&]() -> eddy::Task<> {
        const auto guard = co_await lock.scoped();
        const eddy::detail::ScopeExit gives([&]() noexcept {
          semaphore.release();
          queue.put_nowait(1);
        });
        co_await wait_for_ever();
      };
      const auto locks = [&]() -> eddy::Task<> { const auto guard = co_await lock.scoped(); };
      const auto acquires = [&]() -> eddy::Task<> { const auto permit = co_await semaphore.scoped(); };
      const auto gets = [&]() -> eddy::Task<> { got += co_await queue.get(); };
      (void)eddy::create_task(holds());
      for (int i = 0; i < 3; ++i) {
        (void)eddy::create_task(locks());
        (void)eddy::create_task(acquires());
        (void)eddy::create_task(gets());
      }
      co_await eddy::yield();
    };
    run_to(end, main);
    CHECK_FALSE(lock.locked());
    CHECK(semaphore.value() == 1);
    CHECK(static_cast<std::size_t>(got) + queue.qsize() == 1);
  }
}

TEST_CASE("a destructor that throws while its loop closes terminates with its own or the library's sentence", "[task][real]") {
  struct Throws {
    ~Throws() noexcept(false) { throw std::runtime_error("from a destructor"); }
  };
  using Place = std::function<eddy::Task<>()>;
  const auto generator = []() -> eddy::AsyncGenerator<int> {
    const Throws guard;
    co_yield 1;
  };
  const std::vector<std::pair<Place, const char*>> all{
      {[]() -> eddy::Task<> {
         const auto body = []() -> eddy::Task<> {
           const Throws guard;
           co_await wait_for_ever();
         };
         (void)eddy::create_task(body());
         co_await eddy::yield();
       },
       "eddy: a destructor threw while its task was being stopped"},
      {[]() -> eddy::Task<> {
         const auto leaf = []() -> eddy::Task<> {
           const Throws guard;
           co_await wait_for_ever();
         };
         const auto body = [](eddy::Task<> inner) -> eddy::Task<> { co_await eddy::gather(std::move(inner)); };
         (void)eddy::create_task(body(leaf()));
         co_await eddy::yield();
       },
       "eddy: a destructor threw while its task was being stopped"},
      {[&]() -> eddy::Task<> {
         const auto body = [](eddy::AsyncGenerator<int> source) -> eddy::Task<> {
           (void)co_await source.next();
           co_await wait_for_ever();
         };
         (void)eddy::create_task(body(generator()));
         co_await eddy::yield();
       },
       "from a destructor"},
      {[]() -> eddy::Task<> {
         eddy::get_running_loop().call_later(1h, [guard = std::make_shared<Throws>()] {});
         co_return;
       },
       "from a destructor"},
      {[]() -> eddy::Task<> {
         auto task = eddy::create_task(wait_for_ever());
         task.add_done_callback([guard = std::make_shared<Throws>()] {});
         co_return;
       },
       "from a destructor"},
  };
  for (const End end : kEnds) {
    for (const auto& [main, sentence] : all) {
      const Ended ended = in_child([&, &body = main] {
        run_to(end, body);
        say("never");
      });
      CHECK(ended.killed_by(SIGABRT));
      CHECK(ended.wrote(sentence));
      CHECK_FALSE(ended.wrote("never"));
    }
  }
}

TEST_CASE("done callbacks that throw while a loop closes are reported, and all run", "[task][c326]") {
  for (const End end : kEnds) {
    static_cast<void>(take_reports());
    int ran = 0;
    const auto main = [&]() -> eddy::Task<> {
      for (int i = 0; i < 3; ++i) {
        auto task = eddy::create_task(wait_for_ever());
        task.add_done_callback([&, i] {
          ++ran;
          throw std::runtime_error("callback " + std::to_string(i));
        });
        task.add_done_callback([&ran](const eddy::TaskHandle<>& done) {
          ++ran;
          done.result();  // CancelledError
        });
      }
      co_await eddy::yield();
    };
    run_to(end, main);
    CHECK(ran == 6);
    const Log reports = take_reports();
    CHECK(reports.size() == 6);
    for (int i = 0; i < 3; ++i) {
      const std::string expected = "a done callback threw an exception: callback " + std::to_string(i);
      CHECK(std::count(reports.begin(), reports.end(), expected) == 1);
    }
  }
}

TEST_CASE("a Runner is closed once, whatever its runs and its close gave", "[task]") {
  int ended = 0;
  const auto fails = [&]() -> eddy::Task<> {
    const auto leftover = [&]() -> eddy::Task<> {
      const eddy::detail::ScopeExit counts([&]() noexcept { ++ended; });
      co_await wait_for_ever();
    };
    (void)eddy::create_task(leftover());
    co_await eddy::yield();
    throw std::runtime_error("main failed");
  };
  eddy::testing::VirtualClock clock;
  eddy::RunOptions options;
  options.clock = &clock;
  {
    eddy::Runner runner(options);
    CHECK_THROWS_WITH(runner.run(fails()), "main failed");
    CHECK(ended == 0);
    runner.close();
    CHECK(ended == 1);
    runner.close();
    runner.get_loop().close();
    CHECK_THROWS_AS(runner.run(wait_for_ever()), eddy::LoopClosed);
  }
  {
    eddy::Runner runner(options);
    CHECK_THROWS_WITH(runner.run(fails()), "main failed");
    runner.get_loop().close();
    CHECK(ended == 2);
    runner.close();
  }
  {
    eddy::Runner never_ran(options);
    never_ran.close();
    never_ran.close();
  }
  CHECK(ended == 2);
}

TEST_CASE("primitives that are destroyed before a Runner whose tasks wait for them leave those to be cancelled", "[task][c245]") {
  for (const bool debug : {false, true}) {
    const int alive_before = Tracked::alive;
    eddy::testing::VirtualClock clock;
    eddy::RunOptions options;
    options.clock = &clock;
    options.debug = debug;
    options.on_exception = &record_report;
    std::vector<eddy::TaskHandle<>> tasks;
    {
      eddy::Runner runner(options);
      auto world = std::make_unique<World>();
      REQUIRE(world->lock.try_acquire());
      const auto main = [&]() -> eddy::Task<> {
        world->future.emplace(eddy::get_running_loop().create_future<int>());
        start_waiters(*world, false);  // what waits in a condition cannot be stopped then: see sync_waiter_test.cpp
        co_await eddy::yield();
        co_await eddy::yield();
      };
      runner.run(main());
      tasks = std::move(world->tasks);
      world.reset();
    }
    for (const auto& task : tasks) CHECK(task.done());
    const auto cancelled = std::count_if(tasks.begin(), tasks.end(), [](const auto& task) { return task.cancelled(); });
    CHECK(static_cast<std::size_t>(cancelled) == tasks.size() - 1);  // the receiver has seen the end of its channel
    CHECK(Tracked::alive == alive_before);
    static_cast<void>(take_reports());
  }
}

TEST_CASE("handles, futures and setters that outlive their loop give values and errors", "[task]") {
  for (const End end : kEnds) {
    eddy::TaskHandle<int> value;
    eddy::TaskHandle<int> failed;
    eddy::TaskHandle<int> cancelled;
    eddy::TaskHandle<> left;
    eddy::TaskRef reference;
    std::optional<eddy::Future<int>> pending;
    std::optional<eddy::Future<int>> awaited;
    std::optional<eddy::FutureSetter<int>> setter;
    std::optional<eddy::Future<int>> broken;
    std::optional<eddy::FutureSetter<int>> dropped;
    std::optional<eddy::Task<int>> lazy;
    eddy::DoneCallbackId callback{};
    int called = 0;
    const auto main = [&]() -> eddy::Task<> {
      eddy::EventLoop& loop = eddy::get_running_loop();
      value = eddy::create_task(after(1s, 7));
      failed = eddy::create_task(fail_after<int>(1s, "failed"));
      cancelled = eddy::create_task(after(1h, 7));
      left = eddy::create_task(wait_for_ever());
      const auto refers = [&]() -> eddy::Task<> {
        reference = eddy::current_task();
        co_await wait_for_ever();
      };
      (void)eddy::create_task(refers());
      pending.emplace(loop.create_future<int>());
      pending->add_done_callback([&called, tracked = Tracked()] { ++called; });
      callback = pending->add_done_callback([&called](const eddy::Future<int>&) { ++called; });
      awaited.emplace(loop.create_future<int>());
      const auto waits = [&]() -> eddy::Task<> { (void)co_await *awaited; };
      (void)eddy::create_task(waits());
      setter.emplace(pending->setter());
      broken.emplace(loop.create_future<int>());
      broken->add_done_callback([&called](const eddy::Future<int>&) { ++called; });
      dropped.emplace(broken->setter());
      lazy.emplace(after(1s, 8));
      co_await eddy::sleep(2s);
      cancelled.cancel("by main");
      co_await eddy::yield();
    };
    run_to(end, main);
    CHECK(value.result() == 7);
    CHECK_FALSE(value.cancel());
    CHECK_THROWS_WITH(failed.result(), "failed");
    CHECK_THROWS_WITH(cancelled.result(), "by main");
    CHECK(left.done());
    CHECK(left.cancelled());
    CHECK_FALSE(left.cancel("again"));
    CHECK_THROWS_AS(left.result(), eddy::CancelledError);
    CHECK_THROWS_AS(left.add_done_callback([] {}), eddy::NoRunningLoop);
    CHECK_FALSE(left.name().empty());
    left.set_name("left");
    CHECK(left.name() == "left");
    CHECK(reference.done());
    CHECK_FALSE(reference.cancel());
    CHECK_FALSE(reference.unwinding());
    CHECK(awaited->cancelled());

    CHECK_FALSE(pending->done());
    CHECK_THROWS_AS(pending->result(), eddy::InvalidStateError);
    CHECK_THROWS_AS(pending->add_done_callback([] {}), eddy::NoRunningLoop);
    CHECK(Tracked::alive == 0);
    CHECK_FALSE(pending->remove_done_callback(callback));  // the loop has destroyed it
    (*setter)(5);
    CHECK(pending->result() == 5);
    CHECK_FALSE(pending->cancel());
    CHECK_THROWS_AS((*setter)(6), eddy::InvalidStateError);
    CHECK(called == 0);
    dropped.reset();
    CHECK_THROWS_AS(broken->result(), eddy::BrokenPromise);
    CHECK(called == 0);

    // What never ran belongs to no loop yet.
    const int late = run_virtual([&]() -> eddy::Task<int> { co_return co_await std::move(*lazy); });
    CHECK(late == 8);
    // A task of a loop that is gone can be awaited in another, since it has ended.
    const int again = run_virtual([&]() -> eddy::Task<int> { co_return co_await value; });
    CHECK(again == 7);
    static_cast<void>(take_reports());
  }
}

TEST_CASE("handles of tasks that their loop had to leave alone can be asked and not cancelled", "[task]") {
  const LeakOnPurpose stuck;
  for (const End end : kEnds) {
    eddy::Event never;
    eddy::TaskHandle<> task;
    std::vector<eddy::TaskRef> all;
    const auto main = [&]() -> eddy::Task<> {
      const auto waits = [&]() -> eddy::Task<> { co_await never.wait(); };
      const auto body = [&, waits]() -> eddy::Task<> { co_await eddy::gather(waits(), waits()); };
      const auto masked = [body]() -> eddy::Task<> { co_await eddy::uncancellable(body()); };
      task = eddy::create_task(masked);
      co_await eddy::yield();
      all = eddy::all_tasks();
    };
    if (end == End::loop) {
      run_to(end, main);
    } else {
      eddy::testing::VirtualClock clock;
      eddy::RunOptions options;
      options.clock = &clock;
      options.grace = 0s;
      if (end == End::run) {
        CHECK_THROWS_AS(eddy::run(main(), options), eddy::RuntimeError);
      } else {
        eddy::Runner runner(options);
        runner.run(main());
        CHECK_THROWS_AS(runner.close(), eddy::RuntimeError);
      }
    }
    CHECK_FALSE(task.done());
    CHECK_FALSE(task.cancel());
    CHECK_FALSE(task.cancel("a reason"));
    CHECK_THROWS_AS(task.result(), eddy::InvalidStateError);
    CHECK_FALSE(task.name().empty());
    CHECK(all.size() == 4);
    int left = 0;
    for (const eddy::TaskRef& each : all) {
      CHECK_FALSE(each.cancel());
      CHECK_FALSE(each.unwinding());
      if (each.done()) continue;
      CHECK_FALSE(each.name().empty());
      ++left;
    }
    CHECK(left == 3);  // all but main
  }
}

TEST_CASE("locks, semaphores, queues and channels that outlive their loop still work", "[task][c219]") {
  for (const End end : kEnds) {
    World world;
    std::optional<eddy::LockGuard> guard;
    std::optional<eddy::SemaphorePermit> permit;
    std::optional<eddy::AsyncGenerator<int>> generator;
    std::optional<eddy::AsyncGenerator<int>> with_cleanup;
    std::optional<eddy::AsyncGenerator<int>> stream;
    bool cleaned = false;
    const auto cleaned_up = [](bool& flag, Tracked) -> eddy::AsyncGenerator<int> {
      const auto cleanup = [&flag]() -> eddy::Task<> {
        flag = true;
        co_return;
      };
      co_await eddy::on_close(cleanup);
      co_yield 1;
      co_yield 2;
    };
    const auto counts = [](Tracked) -> eddy::AsyncGenerator<int> {
      for (int i = 0;; ++i) co_yield i;
    };
    const auto doubles = [](int item) -> eddy::Task<int> {
      co_await eddy::sleep(1s);
      co_return 2 * item;
    };
    const auto main = [&]() -> eddy::Task<> {
      world.future.emplace(eddy::get_running_loop().create_future<int>());
      guard.emplace(co_await world.lock.scoped());
      world.semaphore.release();
      permit.emplace(co_await world.semaphore.scoped());
      generator.emplace(counts(Tracked()));
      (void)co_await generator->next();
      with_cleanup.emplace(cleaned_up(cleaned, Tracked()));
      (void)co_await with_cleanup->next();
      stream.emplace(counts(Tracked()) | eddy::transform_concurrent(doubles, 3));
      (void)co_await stream->next();
      start_waiters(world);
      co_await eddy::yield();
    };
    run_to(end, main);
    for (const auto& task : world.tasks) CHECK(task.cancelled());
    world.queue.put_nowait(3);
    CHECK(world.queue.get_nowait() == 3);
    CHECK_THROWS_AS(world.queue.get_nowait(), eddy::QueueEmpty);
    world.queue.task_done();
    world.queue.shutdown();
    CHECK_THROWS_AS(world.queue.put_nowait(1), eddy::QueueShutDown);
    CHECK_FALSE(world.channel.sender.try_send(1));
    CHECK_FALSE(world.channel.receiver.try_receive().has_value());
    world.channel.receiver.close();
    CHECK(world.channel.sender.closed());
    world.channel.sender.close();
    CHECK(world.lock.locked());
    guard.reset();
    CHECK_FALSE(world.lock.locked());
    CHECK(world.lock.try_acquire());
    CHECK_THROWS_AS((world.lock.release(), world.lock.release()), eddy::LockNotHeldError);
    CHECK(world.semaphore.value() == 0);
    permit.reset();
    CHECK(world.semaphore.value() == 1);
    world.event.set();
    CHECK(world.event.is_set());
    world.latch.count_down();
    CHECK(world.latch.try_wait());
    world.barrier.abort();
    world.barrier.reset();
    CHECK_FALSE(world.barrier.broken());
    CHECK_THROWS_AS(world.condition.notify_all(), eddy::LockNotHeldError);

    // What a generator has begun goes on in another loop; one that is dropped outside of any has its frame destroyed only.
    const std::optional<int> next = run_virtual([&]() -> eddy::Task<std::optional<int>> { co_return co_await generator->next(); });
    CHECK(next == 1);
    generator.reset();
    with_cleanup.reset();
    CHECK_FALSE(cleaned);
    stream.reset();
    CHECK(Tracked::alive == 0);
    static_cast<void>(take_reports());
  }
}
