// ThreadPool and run_in_executor: how jobs are queued, run, taken back and ended, also for several loops at a time.
//
// SPDX-License-Identifier: MIT
#include <eddy/threads.hpp>

#include "support/gate.hpp"
#include "support/work.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>

using namespace test;

TEST_CASE("a pool of no threads is refused; the default is that of asyncio") {
  CHECK_THROWS_WITH(eddy::ThreadPool(0), "eddy: a ThreadPool needs at least one thread");
  const eddy::ThreadPool pool;
  CHECK(pool.max_threads() == eddy::ThreadPool::default_size());
  CHECK(eddy::ThreadPool::default_size() >= 5);
  CHECK(eddy::ThreadPool::default_size() <= 32);
  CHECK(pool.thread_count() == 0);  // threads are started when they are needed
}

EDDY_LOOP_TEST_CASE("run_in_executor gives what the function returns, and throws what it throws", "[real][c311]") {
  eddy::ThreadPool pool(2);
  run_virtual([&]() -> eddy::Task<> {
    const auto loop_thread = std::this_thread::get_id();
    std::thread::id job_thread;
    auto job = [&](int a, const std::string& b) {
      job_thread = std::this_thread::get_id();
      return b + std::to_string(a);
    };
    const std::string value = co_await eddy::run_in_executor(pool, job, 1, "x");
    CHECK(value == "x1");
    CHECK(job_thread != loop_thread);
    CHECK(job_thread != std::thread::id());
    auto bad = [] { throw std::runtime_error("bad"); };
    const std::string how = co_await ending_by_kind(eddy::run_in_executor(pool, bad));
    CHECK(how == "bad");
  });
}

EDDY_LOOP_TEST_CASE("jobs start in the order in which they were given", "[real]") {
  eddy::ThreadPool pool(1);
  run_virtual([&]() -> eddy::Task<> {
    std::vector<int> order;  // written by one thread only
    auto job = [&](int i) { order.push_back(i); };
    auto submit = [&](int i) -> eddy::Task<> { co_await eddy::run_in_executor(pool, job, i); };
    std::vector<eddy::Task<>> tasks;
    for (int i = 0; i < 100; ++i) tasks.push_back(submit(i));
    co_await eddy::gather(std::move(tasks));
    REQUIRE(order.size() == 100);
    CHECK(std::is_sorted(order.begin(), order.end()));
  });
  CHECK(pool.thread_count() == 1);
}

EDDY_LOOP_TEST_CASE("a pool runs no more jobs at once than it has threads, and as many if there is work", "[real]") {
  eddy::ThreadPool pool(3);
  run_virtual([&]() -> eddy::Task<> {
    std::atomic<int> active{0};
    std::atomic<int> most{0};
    Gate three_are_in;
    auto job = [&] {
      const int in = ++active;
      int seen = most;
      while (in > seen && !most.compare_exchange_weak(seen, in)) {
      }
      if (in == 3) three_are_in.open();
      const bool opened = three_are_in.wait();
      --active;
      return opened;
    };
    auto submit = [&]() -> eddy::Task<bool> { co_return co_await eddy::run_in_executor(pool, job); };
    std::vector<eddy::Task<bool>> tasks;
    for (int i = 0; i < 12; ++i) tasks.push_back(submit());
    const std::vector<bool> opened = co_await eddy::gather(std::move(tasks));
    CHECK(std::count(opened.begin(), opened.end(), true) == 12);
    CHECK(most == 3);
  });
  CHECK(pool.thread_count() <= 3);
}

EDDY_LOOP_TEST_CASE("a job that has not started is taken back when its task is cancelled: it never runs",
                    "[real][c312][order]") {
  eddy::ThreadPool pool(1);
  run_virtual([&]() -> eddy::Task<> {
    Gate gate;
    std::atomic<bool> ran{false};
    const auto argument = std::make_shared<int>(1);
    auto blocker = [&] { return gate.wait(); };
    auto victim = [&](const std::shared_ptr<int>&) { ran = true; };
    auto block = [&]() -> eddy::Task<bool> { co_return co_await eddy::run_in_executor(pool, blocker); };
    auto wait = [&]() -> eddy::Task<> { co_await eddy::run_in_executor(pool, victim, argument); };
    auto first = eddy::create_task(block());
    auto second = eddy::create_task(wait());
    co_await eddy::yield();
    CHECK(argument.use_count() == 2);
    second.cancel();
    const std::string how = co_await ending_by_kind(second);
    CHECK(how == "CancelledError ");
    CHECK_FALSE(first.done());  // the cancel did not have to wait for the running job
    CHECK(argument.use_count() == 1);
    gate.open();
    const bool opened = co_await first;
    CHECK(opened);
    co_await eddy::run_in_executor(pool, [] {});
    CHECK_FALSE(ran);
  });
}

EDDY_LOOP_TEST_CASE("a timeout takes a queued job back", "[real][c312][order]") {
  eddy::ThreadPool pool(1);
  run_real([&]() -> eddy::Task<> {
    Gate gate;
    std::atomic<bool> ran{false};
    auto blocker = [&] { return gate.wait(); };
    auto victim = [&] { ran = true; };
    auto block = [&]() -> eddy::Task<bool> { co_return co_await eddy::run_in_executor(pool, blocker); };
    const auto first = eddy::create_task(block());
    co_await eddy::yield();
    const std::string how = co_await ending_by_kind(eddy::timeout(5ms, eddy::run_in_executor(pool, victim)));
    CHECK(how == "TimeoutError");
    gate.open();
    const bool opened = co_await first;
    CHECK(opened);
    CHECK_FALSE(ran);
  });
}

EDDY_LOOP_TEST_CASE("taking back jobs from the middle of the queue leaves the others in order", "[real][c312][order]") {
  eddy::ThreadPool pool(1);
  run_virtual([&]() -> eddy::Task<> {
    Gate gate;
    std::vector<int> order;
    auto blocker = [&] { return gate.wait(); };
    auto job = [&](int i) { order.push_back(i); };
    auto block = [&]() -> eddy::Task<bool> { co_return co_await eddy::run_in_executor(pool, blocker); };
    auto submit = [&](int i) -> eddy::Task<> { co_await eddy::run_in_executor(pool, job, i); };
    const auto first = eddy::create_task(block());
    std::vector<eddy::TaskHandle<>> handles;
    for (int i = 0; i < 10; ++i) handles.push_back(eddy::create_task(submit(i)));
    co_await eddy::yield();
    for (const auto i : {0U, 3U, 4U, 9U}) handles[i].cancel();
    gate.open();
    (void)co_await eddy::gather(eddy::return_exceptions, handles);
    const bool opened = co_await first;
    CHECK(opened);
    const std::vector<int> expected{1, 2, 5, 6, 7, 8};
    CHECK(order == expected);
  });
}

EDDY_LOOP_TEST_CASE("a running job is waited for when its task is cancelled, and its value is delivered",
                    "[real][c312][order]") {
  eddy::ThreadPool pool(1);
  run_virtual([&]() -> eddy::Task<> {
    Gate started;
    Gate gate;
    int delivered = 0;
    bool reached = false;
    auto work = [&]() -> eddy::Task<> {
      int local = 41;  // the job refers to the caller's frame
      auto job = [&] {
        started.open();
        gate.wait();
        ++local;
        return local;
      };
      delivered = co_await eddy::run_in_executor(pool, job);
      co_await eddy::yield();
      reached = true;
    };
    auto handle = eddy::create_task(work());
    co_await eddy::yield();
    REQUIRE(started.wait());
    handle.cancel();
    for (int i = 0; i < 10; ++i) co_await eddy::yield();
    CHECK_FALSE(handle.done());
    gate.open();
    const std::string how = co_await ending_by_kind(handle);
    CHECK(how == "CancelledError ");
    CHECK(delivered == 42);
    CHECK_FALSE(reached);
  });
}

EDDY_LOOP_TEST_CASE("the error of a running job whose task was cancelled is delivered", "[real][c312][order]") {
  eddy::ThreadPool pool(1);
  run_virtual([&]() -> eddy::Task<> {
    Gate started;
    Gate gate;
    std::string caught;
    auto job = [&] {
      started.open();
      gate.wait();
      throw std::runtime_error("late");
    };
    auto work = [&]() -> eddy::Task<> {
      caught = co_await ending_by_kind(eddy::run_in_executor(pool, job));
      co_await eddy::yield();
      caught = "not reached";
    };
    auto handle = eddy::create_task(work());
    co_await eddy::yield();
    REQUIRE(started.wait());
    handle.cancel();
    gate.open();
    const std::string how = co_await ending_by_kind(handle);
    CHECK(how == "CancelledError ");
    CHECK(caught == "late");
  });
}

EDDY_LOOP_TEST_CASE("a pool that was shut down takes no more work, and the caller goes on", "[real]") {
  eddy::ThreadPool pool(1);
  pool.shutdown();
  run_virtual([&]() -> eddy::Task<> {
    std::string refused;
    try {
      co_await eddy::run_in_executor(pool, [] {});
    } catch (const eddy::RuntimeError& error) {
      refused = error.what();
    }
    CHECK(refused == "eddy: the thread pool was shut down and takes no more work");
    const auto start = now();
    co_await eddy::sleep(1h);  // nothing holds the virtual clock
    CHECK(now() - start == 1h);
  });
}

EDDY_LOOP_TEST_CASE("jobs that were given before the shutdown are finished", "[real][order]") {
  eddy::ThreadPool pool(1);
  run_virtual([&]() -> eddy::Task<> {
    Gate gate;
    std::atomic<int> ran{0};
    auto job = [&] {
      gate.wait();
      ++ran;
    };
    auto submit = [&]() -> eddy::Task<> { co_await eddy::run_in_executor(pool, job); };
    std::vector<eddy::TaskHandle<>> handles;
    for (int i = 0; i < 5; ++i) handles.push_back(eddy::create_task(submit()));
    co_await eddy::yield();
    pool.shutdown();
    pool.shutdown();
    gate.open();
    co_await eddy::gather(handles);
    CHECK(ran == 5);
  });
}

EDDY_LOOP_TEST_CASE("the end of a pool waits for its threads", "[real]") {
  std::atomic<int> ran{0};
  auto pool = std::make_unique<eddy::ThreadPool>(4);
  run_virtual([&]() -> eddy::Task<> {
    auto job = [&] { ++ran; };
    auto submit = [&]() -> eddy::Task<> { co_await eddy::run_in_executor(*pool, job); };
    std::vector<eddy::Task<>> tasks;
    for (int i = 0; i < 50; ++i) tasks.push_back(submit());
    co_await eddy::gather(std::move(tasks));
  });
  CHECK(pool->thread_count() >= 1);
  pool.reset();
  CHECK(ran == 50);
}

EDDY_LOOP_TEST_CASE("one pool serves several runs, one after another", "[real]") {
  eddy::ThreadPool pool(2);
  int sum = 0;
  for (int i = 0; i < 5; ++i) {
    sum += run_virtual([&]() -> eddy::Task<int> {
      auto job = [](int value) { return value; };
      co_return co_await eddy::run_in_executor(pool, job, i);
    });
  }
  CHECK(sum == 10);
}

TEST_CASE("several loops in different threads share one pool", "[real]") {
  eddy::ThreadPool pool(3);
  constexpr int kLoops = 4;
  constexpr int kJobs = 200;
  std::atomic<int> ran{0};
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int loop = 0; loop < kLoops; ++loop) {
    threads.emplace_back([&, loop] {
      auto program = [&]() -> eddy::Task<> {
        const auto mine = std::this_thread::get_id();
        auto job = [&](int i) {
          ++ran;
          return i * 10 + loop;
        };
        auto submit = [&](int i) -> eddy::Task<bool> {
          const int value = co_await eddy::run_in_executor(pool, job, i);
          co_return value == i * 10 + loop&& std::this_thread::get_id() == mine;
        };
        std::vector<eddy::Task<bool>> tasks;
        for (int i = 0; i < kJobs; ++i) tasks.push_back(submit(i));
        const std::vector<bool> results = co_await eddy::gather(std::move(tasks));
        right += static_cast<int>(std::count(results.begin(), results.end(), true));
      };
      eddy::run(program);
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(ran == kLoops * kJobs);
  CHECK(right == kLoops * kJobs);
  CHECK(pool.thread_count() <= 3);
}

TEST_CASE("loops in different threads cancel their jobs in a shared pool without disturbing each other",
          "[real][c312]") {
  eddy::ThreadPool pool(2);
  std::atomic<int> values{0};
  std::atomic<int> cancelled{0};
  std::vector<std::thread> threads;
  for (int loop = 0; loop < 4; ++loop) {
    threads.emplace_back([&] {
      auto program = [&]() -> eddy::Task<> {
        auto job = [] { std::this_thread::yield(); };
        auto submit = [&]() -> eddy::Task<> { co_await eddy::run_in_executor(pool, job); };
        std::vector<eddy::TaskHandle<>> handles;
        for (int i = 0; i < 200; ++i) handles.push_back(eddy::create_task(submit()));
        co_await eddy::yield();
        for (std::size_t i = 0; i < handles.size(); i += 2) handles[i].cancel();
        const auto outcomes = co_await eddy::gather(eddy::return_exceptions, handles);
        for (const auto& outcome : outcomes) {
          if (outcome.has_value()) ++values;
          if (outcome.cancelled()) ++cancelled;
        }
      };
      eddy::run(program);
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(values + cancelled == 800);
  CHECK(values >= 400);
}

EDDY_LOOP_TEST_CASE("a stop_token is given to a function that takes one first, and a cancel requests a stop on it",
                    "[real][c312][order]") {
  eddy::ThreadPool pool(1);
  run_virtual([&]() -> eddy::Task<> {
    Gate started;
    std::string delivered;
    auto job = [&](std::stop_token stop, const std::string& text) {
      started.open();
      for (int i = 0; i < 20'000 && !stop.stop_requested(); ++i) std::this_thread::sleep_for(1ms);
      return text + (stop.stop_requested() ? " stopped" : " ended");
    };
    auto work = [&]() -> eddy::Task<> {
      delivered = co_await eddy::run_in_executor(pool, job, "job");
      co_await eddy::yield();
      delivered = "not reached";
    };
    auto handle = eddy::create_task(work());
    co_await eddy::yield();
    REQUIRE(started.wait());
    handle.cancel();
    const std::string how = co_await ending_by_kind(handle);
    CHECK(how == "CancelledError ");
    CHECK(delivered == "job stopped");
  });
}

EDDY_LOOP_TEST_CASE("without a cancel no stop is requested, also not after the job", "[real]") {
  eddy::ThreadPool pool(1);
  run_virtual([&]() -> eddy::Task<> {
    auto job = [](std::stop_token stop) { return stop.stop_possible() && !stop.stop_requested(); };
    const bool right = co_await eddy::run_in_executor(pool, job);
    CHECK(right);
  });
}

EDDY_LOOP_TEST_CASE("with a cancel in force a job is not even queued", "[real][c312]") {
  eddy::ThreadPool pool(1);
  run_virtual([&]() -> eddy::Task<> {
    std::atomic<bool> ran{false};
    auto job = [&] { ran = true; };
    auto work = [&]() -> eddy::Task<> {
      eddy::current_task().cancel();
      co_await eddy::run_in_executor(pool, job);
    };
    const std::string how = co_await ending_by_kind(eddy::create_task(work()));
    CHECK(how == "CancelledError ");
    CHECK_FALSE(ran);
  });
  CHECK(pool.thread_count() == 0);
}

EDDY_LOOP_TEST_CASE("a run_in_executor that is never awaited runs nothing", "[real]") {
  eddy::ThreadPool pool(1);
  run_virtual([&]() -> eddy::Task<> {
    std::atomic<bool> ran{false};
    auto job = [&] { ran = true; };
    {
      auto unused = eddy::run_in_executor(pool, job);
      static_cast<void>(unused);
    }
    co_await eddy::run_in_executor(pool, [] {});
    CHECK_FALSE(ran);
  });
}

EDDY_LOOP_TEST_CASE("the virtual clock stands still while a pool's job runs or is queued", "[real]") {
  eddy::ThreadPool pool(1);
  run_virtual([&]() -> eddy::Task<> {
    Gate gate;
    const auto start = now();
    auto job = [&] { return gate.wait(); };
    auto submit = [&]() -> eddy::Task<eddy::TimePoint> {
      (void)co_await eddy::run_in_executor(pool, job);
      co_return now();
    };
    auto sleeper = [&]() -> eddy::Task<eddy::TimePoint> {
      co_await eddy::sleep(1h);
      co_return now();
    };
    std::thread opener([&] {
      std::this_thread::sleep_for(20ms);
      gate.open();
    });
    const auto [first, second, slept] = co_await eddy::gather(submit(), submit(), sleeper());
    opener.join();
    CHECK(first == start);
    CHECK(second == start);
    CHECK(slept - start == 1h);
  });
}

EDDY_LOOP_TEST_CASE("a task that waits for a job only is no deadlock on a virtual clock", "[real]") {
  eddy::ThreadPool pool(1);
  run_virtual([&]() -> eddy::Task<> {
    auto job = [] {
      std::this_thread::sleep_for(20ms);
      return 3;
    };
    const int value = co_await eddy::run_in_executor(pool, job);
    CHECK(value == 3);
  });
}

EDDY_LOOP_TEST_CASE("ten thousand jobs go through a small pool", "[real]") {
  eddy::ThreadPool pool(2);
  run_virtual([&]() -> eddy::Task<> {
    std::atomic<int> ran{0};
    auto job = [&](int i) {
      ++ran;
      return i;
    };
    auto submit = [&](int i) -> eddy::Task<int> { co_return co_await eddy::run_in_executor(pool, job, i); };
    std::vector<eddy::Task<int>> tasks;
    for (int i = 0; i < 10'000; ++i) tasks.push_back(submit(i));
    const std::vector<int> results = co_await eddy::gather(std::move(tasks));
    CHECK(ran == 10'000);
    CHECK(std::is_sorted(results.begin(), results.end()));
    CHECK(results.back() == 9'999);
  });
}

EDDY_LOOP_TEST_CASE("a job may use the pool's own loop through call_soon_threadsafe while the loop waits for the job",
                    "[real][c322]") {
  eddy::ThreadPool pool(1);
  run_virtual([&]() -> eddy::Task<> {
    eddy::EventLoop& loop = eddy::get_running_loop();
    const auto loop_thread = std::this_thread::get_id();
    auto job = [&] {
      Gate answered;
      bool on_loop = false;
      loop.call_soon_threadsafe([&] {
        on_loop = std::this_thread::get_id() == loop_thread;
        answered.open();
      });
      return answered.wait() && on_loop;
    };
    const bool answered = co_await eddy::run_in_executor(pool, job);
    CHECK(answered);
  });
}
