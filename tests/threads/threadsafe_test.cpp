// run_coroutine_threadsafe: coroutines that other threads start, await and cancel.
//
// SPDX-License-Identifier: MIT
#include <eddy/threads.hpp>

#include "support/leak_on_purpose.hpp"
#include "support/run.hpp"

#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

using namespace test;

namespace {

eddy::Task<std::string> greet(std::string name) {
  co_await eddy::sleep(1ms);
  co_return "hello " + name;
}

// Runs `work(loop)` in a thread of its own while the loop goes on.
template <class F>
eddy::Task<> beside(F& work) {
  eddy::EventLoop& loop = eddy::get_running_loop();
  co_await eddy::to_thread([&work, &loop] { work(loop); });
}

}  // namespace

EDDY_LOOP_TEST_CASE("run_coroutine_threadsafe gives another thread the result", "[real]") {
  std::string result;
  auto work = [&result](eddy::EventLoop& loop) {
    result = eddy::run_coroutine_threadsafe(loop, greet, std::string("from a thread")).get();
  };
  run_real([&work] { return beside(work); });
  CHECK(result == "hello from a thread");
}

EDDY_LOOP_TEST_CASE("run_coroutine_threadsafe gives another thread the exception", "[real]") {
  std::string text;
  auto work = [&text](eddy::EventLoop& loop) {
    const auto bad = []() -> eddy::Task<> {
      co_await eddy::yield();
      throw std::runtime_error("bad");
    };
    try {
      eddy::run_coroutine_threadsafe(loop, bad).get();
    } catch (const std::runtime_error& e) {
      text = e.what();
    }
  };
  run_real([&work] { return beside(work); });
  CHECK(text == "bad");
}

EDDY_LOOP_TEST_CASE("cancelling a ThreadsafeFuture from another thread cancels its task", "[real][c316]") {
  bool cancelled = false;
  bool done = false;
  auto work = [&](eddy::EventLoop& loop) {
    const auto forever = []() -> eddy::Task<> { co_await eddy::sleep(24h); };
    auto future = eddy::run_coroutine_threadsafe(loop, forever);
    CHECK_FALSE(future.wait_for(5ms));
    future.cancel();
    try {
      future.get();
    } catch (const eddy::CancelledError&) {
      cancelled = true;
    }
    done = future.done();
    future.cancel();
  };
  run_real([&work] { return beside(work); });
  CHECK(cancelled);
  CHECK(done);
}

EDDY_TEST_CASE("waiting for a ThreadsafeFuture on the loop's own thread is refused instead of waiting for ever",
               "[real][c322]") {
  auto future = eddy::run_coroutine_threadsafe(eddy::get_running_loop(), greet, std::string("me"));
  CHECK_THROWS_AS(future.get(), eddy::RuntimeError);
  CHECK_THROWS_WITH(future.get(),
                    Catch::StartsWith("eddy: get() on the loop's own thread would wait for ever; co_await the coroutine instead "
                                      "(in task "));
  while (!future.done()) co_await eddy::sleep(1ms);
}

EDDY_LOOP_TEST_CASE("a coroutine from another thread is made in its turn among the posts, and starts in the next one",
          "[real][order][c320]") {
  std::vector<std::string> log;
  run_real([&]() -> eddy::Task<> {
    const auto start = [&log](std::string name) -> eddy::Task<> {
      log.push_back(name);
      co_return;
    };
    eddy::EventLoop& loop = eddy::get_running_loop();
    const auto post = [&] {
      loop.call_soon_threadsafe([&] { log.push_back("1"); });
      static_cast<void>(eddy::run_coroutine_threadsafe(loop, start, "a"));
      loop.call_soon_threadsafe([&] { log.push_back("2"); });
      static_cast<void>(eddy::run_coroutine_threadsafe(loop, start, "b"));
      loop.call_soon_threadsafe([&] { log.push_back("3"); });
    };
    std::thread(post).join();
    while (log.size() < 5) co_await eddy::yield();
    post();  // the same on the loop's own thread
    loop.call_soon([&] { log.push_back("soon"); });
    while (log.size() < 11) co_await eddy::yield();
  });
  CHECK(log == std::vector<std::string>{"1", "2", "3", "a", "b", "1", "2", "3", "soon", "a", "b"});
}

EDDY_TEST_CASE("a cancel from another thread has its turn after what that thread has posted before", "[real][order][c320]") {
  eddy::EventLoop& loop = eddy::get_running_loop();
  eddy::Event event;
  bool waits = false;
  const auto waiter = [&]() -> eddy::Task<int> {
    waits = true;
    co_await event.wait();
    co_return 7;
  };
  std::optional<eddy::ThreadsafeFuture<int>> future;
  std::thread([&] { future.emplace(eddy::run_coroutine_threadsafe(loop, waiter)); }).join();
  while (!waits) co_await eddy::yield();
  std::thread([&] {
    loop.call_soon_threadsafe([&] { event.set(); });
    future->cancel();
  }).join();
  while (!future->done()) co_await eddy::yield();
  int result = 0;
  std::thread([&] { result = future->get(); }).join();
  CHECK(result == 7);
}

EDDY_TEST_CASE("a coroutine that is cancelled before it was made never starts", "[real][c316]") {
  eddy::EventLoop& loop = eddy::get_running_loop();
  bool started = false;
  const auto body = [&]() -> eddy::Task<> {
    started = true;
    co_return;
  };
  for (const bool elsewhere : {false, true}) {
    std::optional<eddy::ThreadsafeFuture<void>> future;
    const auto post = [&] {
      future.emplace(eddy::run_coroutine_threadsafe(loop, body));
      future->cancel();
    };
    if (elsewhere) {
      std::thread(post).join();
    } else {
      post();
    }
    while (!future->done()) co_await eddy::yield();
    std::thread([&] { CHECK_THROWS_AS(future->get(), eddy::CancelledError); }).join();
  }
  CHECK_FALSE(started);
}

TEST_CASE("a coroutine whose start waits for its turn when its loop is closed ends with LoopClosed", "[c321]") {
  const int alive_before = Tracked::alive;
  eddy::EventLoop loop;
  std::optional<eddy::ThreadsafeFuture<void>> future;
  const auto body = [](Tracked) -> eddy::Task<> { co_return; };
  loop.call_soon([&] {
    future.emplace(eddy::run_coroutine_threadsafe(loop, body, Tracked()));
    loop.stop();
  });
  loop.run_forever();
  CHECK_FALSE(future->done());
  loop.close();
  CHECK(Tracked::alive == alive_before);
  CHECK_THROWS_AS(future->get(), eddy::LoopClosed);
}

TEST_CASE("run_coroutine_threadsafe on a closed loop throws LoopClosed") {
  eddy::EventLoop loop;
  loop.close();
  CHECK_THROWS_AS(eddy::run_coroutine_threadsafe(loop, greet, std::string("nobody")), eddy::LoopClosed);
}

TEST_CASE("a coroutine that was accepted before its loop closed ends with CancelledError or LoopClosed",
          "[real][c321]") {
  bool ended = false;
  std::thread waiter;
  {
    eddy::EventLoop loop;
    auto future = eddy::run_coroutine_threadsafe(loop, greet, std::string("late"));
    loop.close();
    waiter = std::thread([&ended, moved = std::move(future)]() mutable {
      try {
        (void)moved.get();
      } catch (const eddy::CancelledError&) {
        ended = true;
      } catch (const eddy::LoopClosed&) {
        ended = true;
      }
    });
    waiter.join();
  }
  CHECK(ended);
}

TEST_CASE("a thread that waits for a coroutine which does not stop when its loop is closed gets LoopClosed", "[real]") {
  const LeakOnPurpose stuck;
  bool closed = false;
  std::thread waiter;
  eddy::Event never;
  {
    eddy::RunOptions options;
    options.grace = 20ms;
    options.on_exception = &test::record_report;
    eddy::Runner runner(options);
    const auto main = [&]() -> eddy::Task<> {
      eddy::EventLoop& loop = eddy::get_running_loop();
      waiter = std::thread([&closed, &never, &loop] {
        const LeakOnPurpose start;
        const auto masked = [](eddy::Event& event) -> eddy::Task<> { co_await eddy::uncancellable(event.wait()); };
        try {
          eddy::run_coroutine_threadsafe(loop, masked, std::ref(never)).get();
        } catch (const eddy::LoopClosed&) {
          closed = true;
        }
      });
      while (eddy::all_tasks().size() < 2) co_await eddy::sleep(1ms);
      co_await eddy::sleep(1ms);
    };
    runner.run(main());
    CHECK_THROWS_AS(runner.close(), eddy::RuntimeError);
  }
  waiter.join();
  CHECK(closed);
  static_cast<void>(take_reports());
}
