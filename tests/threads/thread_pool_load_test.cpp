// Tests of eddy/threads/thread_pool.hpp and to_thread.hpp under load: pools that are shut down or destroyed while jobs queue and
// run, and loops in many threads. Also what a forked child makes of a pool.
//
// SPDX-License-Identifier: MIT
#include <eddy/threads.hpp>

#include "support/child.hpp"
#include "support/gate.hpp"
#include "support/leak_on_purpose.hpp"
#include "support/work.hpp"

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

using namespace test;

namespace {

#if defined(EDDY_ASAN) || defined(EDDY_TSAN)
constexpr int kJobs = 200;
#else
constexpr int kJobs = 1000;
#endif

// How the jobs of all loops ended.
struct Counts {
  std::atomic<int> ran{0};
  std::atomic<int> values{0};
  std::atomic<int> cancelled{0};
  std::atomic<int> refused{0};
  std::atomic<int> wrong{0};
};

void count(const eddy::Outcome<int>& outcome, int expected, Counts& counts) {
  if (outcome.has_value()) {
    ++(outcome.value() == expected ? counts.values : counts.wrong);
  } else if (outcome.cancelled()) {
    ++counts.cancelled;
  } else {
    ++counts.refused;
  }
}

// Gives jobs to a pool, or to its loop's own if there is none, and cancels every third while they queue and run.
eddy::Task<> give_jobs(eddy::ThreadPool* pool, Counts& counts) {
  const auto job = [&counts](int value) {
    ++counts.ran;
    if (value % 16 == 0) std::this_thread::yield();
    return value;
  };
  const auto submit = [&](int value) -> eddy::Task<int> {
    if (pool == nullptr) co_return co_await eddy::to_thread(job, value);
    co_return co_await eddy::run_in_executor(*pool, job, value);
  };
  std::vector<eddy::TaskHandle<int>> handles;
  for (int i = 0; i < kJobs; ++i) handles.push_back(eddy::create_task(submit(i)));
  co_await eddy::yield();
  for (std::size_t i = 0; i < handles.size(); i += 3) handles[i].cancel();
  const auto outcomes = co_await eddy::gather(eddy::return_exceptions, handles);
  for (std::size_t i = 0; i < outcomes.size(); ++i) count(outcomes[i], static_cast<int>(i), counts);
}

}  // namespace

TEST_CASE("to_thread serves loops in eight threads at once, and their cancels", "[real][c311][c312]") {
  Counts counts;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) threads.emplace_back([&] { eddy::run(give_jobs(nullptr, counts)); });
  for (std::thread& thread : threads) thread.join();
  CHECK(counts.values + counts.cancelled == 8 * kJobs);
  CHECK(counts.ran >= counts.values);
  CHECK(counts.refused == 0);
  CHECK(counts.wrong == 0);
}

TEST_CASE("a pool that is shut down while eight loops give it jobs ends those that it took and refuses the others",
          "[real][c312]") {
  for (int round = 0; round < 10; ++round) {
    Counts counts;
    auto pool = std::make_unique<eddy::ThreadPool>(3);
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) threads.emplace_back([&] { eddy::run(give_jobs(pool.get(), counts)); });
    std::thread ender([&] {
      while (counts.ran < 100 * round) std::this_thread::yield();
      pool->shutdown();
    });
    ender.join();
    for (std::thread& thread : threads) thread.join();
    pool.reset();
    CHECK(counts.values + counts.cancelled + counts.refused == 8 * kJobs);
    CHECK(counts.ran >= counts.values);
    CHECK(counts.wrong == 0);
  }
}

TEST_CASE("a pool is destroyed as soon as its loop has ended, with jobs that were queued, run and taken back", "[real][c312]") {
  for (int round = 0; round < 20; ++round) {
    std::atomic<int> started{0};
    std::atomic<int> ended{0};
    {
      eddy::ThreadPool pool(3);
      const auto job = [&](int value) {
        ++started;
        std::this_thread::sleep_for(std::chrono::microseconds(value % 7 * 10));
        ++ended;
        return value;
      };
      const auto submit = [&](int value) -> eddy::Task<> { (void)co_await eddy::run_in_executor(pool, job, value); };
      const auto main = [&]() -> eddy::Task<> {
        for (int i = 0; i < 500; ++i) (void)eddy::create_task(submit(i));
        co_await eddy::sleep(std::chrono::microseconds(100 * round));  // the rest is ended by run
      };
      eddy::run(main());
      CHECK(started == ended);  // a job that runs is waited for
    }
    CHECK(started == ended);
    CHECK(started <= 500);
  }
}

TEST_CASE("the destructor of a pool waits for a job that runs when its loop gives it up", "[real][c315]") {
  const LeakOnPurpose stuck;
  Gate started;
  Gate gate;
  std::atomic<bool> ended{false};
  std::thread opener;
  {
    eddy::ThreadPool pool(1);
    const auto job = [&] {
      started.open();
      gate.wait();
      ended = true;
    };
    const auto work = [&]() -> eddy::Task<> { co_await eddy::run_in_executor(pool, job); };
    const auto main = [&]() -> eddy::Task<> {
      auto task = eddy::create_task(work());
      co_await eddy::yield();
      started.wait();
    };
    CHECK_THROWS_AS(eddy::run(main(), {.grace = 0s}), eddy::RuntimeError);
    CHECK_FALSE(ended);
    opener = std::thread([&] {
      std::this_thread::sleep_for(10ms);
      gate.open();
    });
  }
  CHECK(ended);
  opener.join();
}

#if !defined(EDDY_TSAN)  // which lets a process that was forked while there were threads start none
TEST_CASE("a pool is of no use in a forked child, says so, and does not keep it from ending", "[real][c341]") {
  const Ended ended = in_child([] {
    eddy::ThreadPool pool(2);
    const auto seven = [] { return 7; };
    const auto job = [&]() -> eddy::Task<int> { co_return co_await eddy::run_in_executor(pool, seven); };
    say("parent: " + std::to_string(eddy::run(job())));
    const pid_t child = ::fork();
    if (child != 0) {
      int status = 0;
      ::waitpid(child, &status, 0);
      say("parent: " + std::to_string(eddy::run(job())));
      return;
    }
    ::alarm(10);
    try {
      say("child: " + std::to_string(eddy::run(job())));
    } catch (const eddy::RuntimeError& error) {
      say(std::string("child: ") + error.what());
    }
  });
  CHECK(ended.exited());
  CHECK(ended.output ==
        "parent: 7\nchild: eddy: a thread pool has no threads in a forked child; make another one there\nparent: 7\n");
}
#endif
