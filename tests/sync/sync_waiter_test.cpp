// What all primitives of sync/ have in common: no allocation to wait, and how misuse shows.
//
// SPDX-License-Identifier: MIT
#include <eddy/sync/barrier.hpp>
#include <eddy/sync/bounded_semaphore.hpp>
#include <eddy/sync/condition.hpp>
#include <eddy/sync/event.hpp>
#include <eddy/sync/latch.hpp>
#include <eddy/sync/lock.hpp>
#include <eddy/sync/once.hpp>

#include "support/allocations.hpp"
#include "support/run.hpp"
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <memory>
#include <thread>
#include <type_traits>

using namespace test;

namespace {

using Log = std::vector<std::string>;

// Waits for something, and says what it got from a primitive that was destroyed.
template <class Awaitable>
eddy::Task<> told(Awaitable awaitable, Log& log) {
  try {
    if constexpr (std::is_void_v<eddy::AwaitResult<Awaitable>>) {
      co_await awaitable;
    } else {
      [[maybe_unused]] const auto got = co_await awaitable;
    }
    log.push_back("got it");
  } catch (const eddy::BrokenResourceError& error) {
    log.push_back(error.what());
  }
}

// Runs `body` in a process of its own; gives what that wrote to standard error, with what `run` threw, and whether it
// was aborted.
template <class F>
std::pair<std::string, bool> run_apart(bool debug, F body) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const ::pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL);
    ::dup2(ends[1], 2);
    eddy::testing::VirtualClock clock;
    eddy::RunOptions options;
    options.clock = &clock;
    options.debug = debug;
    try {
      eddy::run(body(), options);
    } catch (const std::exception& error) {
      std::fputs(error.what(), stderr);
    }
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string text;
  char buffer[256];
  for (::ssize_t size; (size = ::read(ends[0], buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(size));
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  return {text, WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT};
}

}  // namespace

EDDY_TEST_CASE("waiting for a primitive, and being woken or cancelled there, allocates nothing", "[order]") {
  struct All {
    eddy::Lock lock;
    eddy::Event event;
    eddy::Condition condition;
    eddy::Semaphore semaphore{0};
    eddy::BoundedSemaphore bounded{1};
    eddy::Barrier barrier{4};
    eddy::Latch latch{1};
  };
  static constexpr auto kWaitForAll = [](All& all) -> eddy::Task<> {
    co_await all.lock.acquire();
    all.lock.release();
    co_await all.event.wait();
    {
      const auto guard = co_await all.condition.scoped();
      co_await all.condition.wait();
    }
    co_await all.semaphore.acquire();
    co_await all.bounded.acquire();
    co_await eddy::yield();
    all.bounded.release();
    co_await all.barrier.wait();
    co_await all.latch.wait();
  };
  static constexpr auto kWaitForEvent = [](eddy::Event& event) -> eddy::Task<> { co_await event.wait(); };
  static constexpr auto kWaitForCondition = [](eddy::Condition& condition) -> eddy::Task<> {
    const auto guard = co_await condition.scoped();
    co_await condition.wait();
  };
  All all;
  co_await all.lock.acquire();
  std::vector<eddy::TaskHandle<>> tasks;
  for (int i = 0; i < 3; ++i) tasks.push_back(eddy::create_task(kWaitForAll(all)));
  auto stopped = eddy::create_task(kWaitForEvent(all.event));
  auto stopped_too = eddy::create_task(kWaitForCondition(all.condition));

  const std::size_t before = allocations();
  co_await eddy::yield();
  stopped.cancel();
  stopped_too.cancel();
  all.lock.release();
  for (int i = 0; i < 5; ++i) co_await eddy::yield();
  all.event.set();
  for (int i = 0; i < 5; ++i) co_await eddy::yield();
  {
    const auto guard = co_await all.condition.scoped();
    all.condition.notify_all();
  }
  for (int i = 0; i < 5; ++i) co_await eddy::yield();
  all.semaphore.release(3);
  co_await all.barrier.wait();
  for (int i = 0; i < 5; ++i) co_await eddy::yield();
  all.latch.count_down();
  for (const auto& task : tasks) co_await task;
  CHECK(allocations() == before);
  CHECK(stopped.cancelled());
  CHECK(stopped_too.cancelled());
}

TEST_CASE("the allocations of this program are counted at all") {
  const std::size_t before = allocations();
  const std::unique_ptr<std::string> text = std::make_unique<std::string>(100, 'x');
  CHECK(text->size() == 100);
  CHECK(allocations() >= before + 2);
}

EDDY_TEST_CASE("the waiters of a primitive that is destroyed are told", "[c220][c232][c245][order]") {
  eddy::get_running_loop().set_debug(false);
  auto lock = std::make_unique<eddy::Lock>();
  auto event = std::make_unique<eddy::Event>();
  auto semaphore = std::make_unique<eddy::Semaphore>(0);
  auto bounded = std::make_unique<eddy::BoundedSemaphore>(0);
  auto barrier = std::make_unique<eddy::Barrier>(3);
  auto latch = std::make_unique<eddy::Latch>(1);
  Log log;
  REQUIRE(lock->try_acquire());
  std::vector<eddy::TaskHandle<>> tasks;
  tasks.push_back(eddy::create_task(told(lock->acquire(), log)));
  tasks.push_back(eddy::create_task(told(lock->scoped(), log)));
  tasks.push_back(eddy::create_task(told(event->wait(), log)));
  tasks.push_back(eddy::create_task(told(semaphore->acquire(), log)));
  tasks.push_back(eddy::create_task(told(bounded->scoped(), log)));
  tasks.push_back(eddy::create_task(told(barrier->wait(), log)));
  tasks.push_back(eddy::create_task(told(latch->wait(), log)));
  co_await eddy::sleep(1s);
  CHECK(log.empty());
  lock.reset();
  event.reset();
  semaphore.reset();
  bounded.reset();
  barrier.reset();
  latch.reset();
  CHECK(log.empty());  // told in their turn
  co_await test::settle();
  CHECK(log == Log{"eddy: a lock was destroyed while tasks waited for it",
                   "eddy: a lock was destroyed while tasks waited for it",
                   "eddy: an event was destroyed while tasks waited for it",
                   "eddy: a semaphore was destroyed while tasks waited for it",
                   "eddy: a semaphore was destroyed while tasks waited for it",
                   "eddy: a barrier was destroyed while tasks waited for it",
                   "eddy: a latch was destroyed while tasks waited for it"});
}

EDDY_TEST_CASE("the turns of a Once that is destroyed are told", "[c245][order]") {
  eddy::get_running_loop().set_debug(false);
  auto turns = std::make_unique<eddy::detail::OnceTurns>();
  Log log;
  const bool mine = co_await turns->turn();
  REQUIRE(mine);
  auto waiter = eddy::create_task(told(turns->turn(), log));
  co_await test::settle();
  turns.reset();
  co_await waiter;
  CHECK(log == Log{"eddy: a once was destroyed while tasks waited for it"});
}

TEST_CASE("a waiter that stands still with its loop is stopped there, if its primitive is destroyed meanwhile", "[c245]") {
  for (const bool debug : {false, true}) {
    Log log;
    eddy::RunOptions options;
    options.debug = debug;
    eddy::Runner runner(options);
    auto event = std::make_unique<eddy::Event>();
    auto task = runner.run([](eddy::Event& e, Log& l) -> eddy::Task<eddy::TaskHandle<>> {
      auto waiter = eddy::create_task(told(e.wait(), l));
      co_await eddy::yield();
      co_return waiter;
    }(*event, log));
    event.reset();
    CHECK_FALSE(task.done());
    runner.close();
    CHECK(task.cancelled());
    CHECK(log.empty());
  }
}

EDDY_TEST_CASE("a waiter that was woken before the primitive was destroyed has what it was given", "[c245][order]") {
  Log log;
  auto event = std::make_unique<eddy::Event>();
  auto barrier = std::make_unique<eddy::Barrier>(2);
  auto a = eddy::create_task(told(event->wait(), log));
  auto b = eddy::create_task(told(barrier->wait(), log));
  co_await test::settle();
  event->set();
  co_await barrier->wait();
  event.reset();
  barrier.reset();
  co_await b;
  CHECK(log == Log{"got it", "got it"});
  CHECK(a.done());
}

EDDY_TEST_CASE("a cancelled waiter of a destroyed primitive has the error, and ends", "[c245][order]") {
  eddy::get_running_loop().set_debug(false);
  Log log;
  auto event = std::make_unique<eddy::Event>();
  auto a = eddy::create_task(told(event->wait(), log));
  auto b = eddy::create_task(told(event->wait(), log));
  co_await test::settle();
  a.cancel();
  event.reset();
  b.cancel();
  co_await b;
  CHECK(a.cancelled());
  CHECK(log == Log{"eddy: an event was destroyed while tasks waited for it"});
}

TEST_CASE("what waits in a destroyed condition stays suspended, and run names it at its end", "[c245]") {
  const auto [text, aborted] = run_apart(false, []() -> eddy::Task<> {
    eddy::get_running_loop().set_debug(false);
    auto condition = std::make_unique<eddy::Condition>();
    auto waiter = eddy::create_task(
        [](eddy::Condition& c) -> eddy::Task<> {
          const auto guard = co_await c.scoped();
          co_await c.wait();
          std::fputs("woken", stderr);
        },
        std::ref(*condition));
    co_await eddy::yield();
    condition.reset();
    co_await eddy::yield();
    waiter.cancel();
    co_await eddy::yield();
  });
  CHECK_FALSE(aborted);
  CHECK(text.find("run() ends while tasks do not stop") != std::string::npos);
  CHECK(text.find("waits for a condition that was destroyed at") != std::string::npos);
  CHECK(text.find("woken") == std::string::npos);
}

TEST_CASE("in debug mode the destructor of a primitive that is waited for stops the program", "[c245]") {
  const auto [text, aborted] = run_apart(true, []() -> eddy::Task<> {
    auto event = std::make_unique<eddy::Event>();
    auto waiter = eddy::create_task([](eddy::Event& e) -> eddy::Task<> { co_await e.wait(); }, std::ref(*event));
    co_await eddy::yield();
    event.reset();
  });
  CHECK(aborted);
  CHECK(text.find("eddy: an event was destroyed while tasks waited for it; it must outlive them: Task-") == 0);
  CHECK(text.find(" waits for an event at " __FILE__ ":") != std::string::npos);

  const auto [condition_text, condition_aborted] = run_apart(true, []() -> eddy::Task<> {
    auto condition = std::make_unique<eddy::Condition>();
    auto waiter = eddy::create_task(
        [](eddy::Condition& c) -> eddy::Task<> {
          const auto guard = co_await c.scoped();
          co_await c.wait();
        },
        std::ref(*condition));
    co_await eddy::yield();
    condition.reset();
  });
  CHECK(condition_aborted);
  CHECK(condition_text.find("eddy: a condition was destroyed while tasks waited for it; it must outlive them: Task-") == 0);
}

EDDY_LOOP_TEST_CASE("to wait where tasks of another loop wait is an error", "[c219][real]") {
  // The other thread's loop stands still, in a callback, while this one's looks at what they share.
  eddy::Lock lock;
  eddy::Event event;
  eddy::Condition condition(lock);
  std::promise<void> waiting;
  std::promise<void> looked;
  std::thread other([&] {
    run_real([&]() -> eddy::Task<> {
      const auto guard = co_await lock.scoped();
      auto a = eddy::create_task([](eddy::Lock& l) -> eddy::Task<> { const auto second = co_await l.scoped(); },
                                 std::ref(lock));
      auto b = eddy::create_task([](eddy::Event& e) -> eddy::Task<> { co_await e.wait(); }, std::ref(event));
      co_await eddy::yield();
      waiting.set_value();
      looked.get_future().wait();
      event.set();
      co_await b;
    });
  });
  waiting.get_future().wait();
  Log log;
  run_real([&]() -> eddy::Task<> {
    CHECK_FALSE(lock.try_acquire());
    try {
      co_await lock.acquire();
    } catch (const eddy::RuntimeError& error) {
      log.push_back(error.what());
    }
    try {
      co_await event.wait();
    } catch (const eddy::RuntimeError& error) {
      log.push_back(error.what());
    }
  });
  looked.set_value();
  other.join();
  CHECK(log == Log{"eddy: tasks of two event loops wait for a lock, which is for one at a time",
                   "eddy: tasks of two event loops wait for an event, which is for one at a time"});
  CHECK_FALSE(lock.locked());
}

EDDY_LOOP_TEST_CASE("a primitive may serve one loop after another", "[c219]") {
  eddy::Lock lock;
  eddy::Event event;
  for (int i = 0; i < 3; ++i) {
    run_virtual([&]() -> eddy::Task<> {
      auto waiter = eddy::create_task(
          [](eddy::Event& e, eddy::Lock& l) -> eddy::Task<> {
            co_await e.wait();
            const auto guard = co_await l.scoped();
          },
          std::ref(event), std::ref(lock));
      {
        const auto guard = co_await lock.scoped();
        co_await eddy::yield();
        event.set();
        co_await eddy::yield();
      }
      co_await waiter;
      event.clear();
    });
  }
  CHECK_FALSE(lock.locked());
}
