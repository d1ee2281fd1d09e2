// Debug mode's report of a loop on the real clock that stands still: its tasks wait for what nothing in it can bring.
//
// SPDX-License-Identifier: MIT
#include <eddy/threads.hpp>

#include "support/run.hpp"
#include <unistd.h>

#include <csignal>
#include <functional>
#include <thread>

using namespace test;

namespace {

constexpr const char* kReport = "nothing in this loop can wake these tasks, only another thread's call could";
std::string here(int line) { return std::string(__FILE__) + ':' + std::to_string(line); }

struct Told {
  std::vector<std::string> reports;
  bool has(const std::string& text) const {
    for (const std::string& report : reports) {
      if (report.find(text) != std::string::npos) return true;
    }
    return false;
  }
};

// Runs `body()` with a short limit. After each report another thread waits for some more limits and stops main, or has
// `after(number of reports)` called in the loop.
template <class F>
Told standing_still(F body, std::function<bool(int)> after = {}, bool debug = true) {
  Told told;
  eddy::RunOptions options;
  options.debug = debug;
  eddy::Runner runner(options);
  eddy::EventLoop& loop = runner.get_loop();
  if (!debug) loop.set_debug(false);
  loop.set_standstill_duration(10ms);
  loop.set_slow_callback_duration(1h);
  std::vector<std::thread> others;
  eddy::TaskRef main;
  loop.set_exception_handler([&](const eddy::ExceptionContext& context) {
    if (context.message.find(kReport) != 0) return;
    told.reports.push_back(context.message);
    others.emplace_back([&, number = static_cast<int>(told.reports.size())] {
      std::this_thread::sleep_for(40ms);
      loop.call_soon_threadsafe([&, number] {
        if (!after || after(number)) main.cancel();
      });
    });
  });
  try {
    runner.run([](F& work, eddy::TaskRef& self) -> eddy::Task<> {
      self = eddy::current_task();
      co_await work();
    }(body, main));
  } catch (const eddy::CancelledError&) {
    told.reports.emplace_back("cancelled");
  }
  for (std::thread& other : others) other.join();
  runner.close();
  return told;
}

}  // namespace

TEST_CASE("debug mode reports once a task that waits for a lock that it holds itself, and waits on", "[real]") {
  const int line = __LINE__ + 4;
  const Told told = standing_still([]() -> eddy::Task<> {
    eddy::Lock lock;
    const auto outer = co_await lock.scoped();
    const auto inner = co_await lock.scoped();
  });
  REQUIRE(told.reports.size() == 2);
  CHECK(told.reports[0].find(std::string(kReport) + "\n  main waits for a lock, which it holds itself, at " + here(line)) == 0);
  CHECK(told.reports[1] == "cancelled");
}

TEST_CASE("debug mode reports tasks that wait for each other's lock, with who holds which", "[real]") {
  const Told told = standing_still([]() -> eddy::Task<> {
    eddy::Lock first;
    eddy::Lock second;
    const auto take = [](eddy::Lock& one, eddy::Lock& other) -> eddy::Task<> {
      const auto outer = co_await one.scoped();
      co_await eddy::yield();
      const auto inner = co_await other.scoped();
    };
    auto a = eddy::create_task(take(first, second), {.name = "a"});
    auto b = eddy::create_task(take(second, first), {.name = "b"});
    co_await eddy::gather(a, b);
  });
  REQUIRE(told.reports.size() == 2);
  CHECK(told.has("main waits for gather at "));
  CHECK(told.has("\n  a waits for a lock, held by b at "));
  CHECK(told.has("\n  b waits for a lock, held by a at "));
}

TEST_CASE("debug mode reports who waits for a permit, an item or a future that never comes", "[real]") {
  eddy::Semaphore semaphore(1);
  eddy::Queue<int> queue;
  const Told told = standing_still([&]() -> eddy::Task<> {
    const eddy::Future<int> future(eddy::get_running_loop());
    co_await semaphore.acquire();
    const auto acquire = [](eddy::Semaphore& s) -> eddy::Task<> { co_await s.acquire(); };
    const auto get = [](eddy::Queue<int>& q) -> eddy::Task<> { (void)co_await q.get(); };
    auto a = eddy::create_task(acquire(semaphore));
    auto b = eddy::create_task(get(queue));
    (void)co_await future;
  });
  REQUIRE(told.reports.size() == 2);
  CHECK(told.has("main waits for a future at "));
  CHECK(told.has("waits for a semaphore at "));
  CHECK(told.has("waits for an item at "));
}

TEST_CASE("debug mode reports a standstill again after something has run", "[real]") {
  const Told told = standing_still(
      []() -> eddy::Task<> {
        eddy::Event never;
        co_await never.wait();
      },
      [](int reports) { return reports == 3; });
  CHECK(told.reports.size() == 4);
}

TEST_CASE("another thread that wakes the tasks within the limit is not reported", "[real]") {
  const Told told = standing_still([]() -> eddy::Task<> {
    eddy::EventLoop& loop = eddy::get_running_loop();
    loop.set_standstill_duration(10s);
    eddy::Event event;
    std::thread other([&] { loop.call_soon_threadsafe([&] { event.set(); }); });
    co_await event.wait();
    other.join();  // the loop must outlive its call
  });
  CHECK(told.reports.empty());
}

TEST_CASE("a loop that waits for time, a descriptor, a job, a signal or what holds it is not reported", "[real]") {
  const Told told = standing_still([]() -> eddy::Task<> {
    eddy::EventLoop& loop = eddy::get_running_loop();
    co_await eddy::sleep(30ms);
    co_await eddy::to_thread([] { std::this_thread::sleep_for(30ms); });

    const auto set_later = [&loop](eddy::Event& event) {
      return std::thread([&] {
        std::this_thread::sleep_for(30ms);
        loop.call_soon_threadsafe([&] { event.set(); });
      });
    };
    {
      eddy::Event event;
      const auto hold = loop.hold();
      std::thread other = set_later(event);
      co_await event.wait();
      other.join();
    }
    {
      eddy::Event event;
      loop.add_signal_handler(SIGUSR2, [] {});
      std::thread other = set_later(event);
      co_await event.wait();
      other.join();
      loop.remove_signal_handler(SIGUSR2);
    }
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    {
      eddy::Event event;
      loop.add_reader(ends[0], [&] {
        loop.remove_reader(ends[0]);
        event.set();
      });
      std::thread other([&] {
        std::this_thread::sleep_for(30ms);
        REQUIRE(::write(ends[1], "x", 1) == 1);
      });
      co_await event.wait();
      other.join();
    }
    ::close(ends[0]);
    ::close(ends[1]);
  });
  CHECK(told.reports.empty());
}

TEST_CASE("a standstill is not reported without debug mode, nor of a loop that has no tasks", "[real]") {
  const Told without = standing_still(
      []() -> eddy::Task<> {
        eddy::EventLoop& loop = eddy::get_running_loop();
        eddy::Event event;
        std::thread other([&] {
          std::this_thread::sleep_for(40ms);
          loop.call_soon_threadsafe([&] { event.set(); });
        });
        co_await event.wait();
        other.join();
      },
      {}, false);
  CHECK(without.reports.empty());

  eddy::EventLoop loop;
  loop.set_debug(true);
  loop.set_standstill_duration(0s);
  int reports = 0;
  loop.set_exception_handler([&](const eddy::ExceptionContext&) { ++reports; });
  std::thread caller([&] {
    std::this_thread::sleep_for(20ms);
    loop.call_soon_threadsafe([&] { loop.stop(); });
  });
  loop.run_forever();
  caller.join();
  CHECK(reports == 0);
}

TEST_CASE("the handler of the report may stop the loop, or wake a task", "[real]") {
  for (const bool stops : {false, true}) {
    eddy::RunOptions options;
    options.debug = true;
    eddy::Runner runner(options);
    eddy::EventLoop& loop = runner.get_loop();
    loop.set_standstill_duration(0s);
    eddy::Event event;
    loop.set_exception_handler([&](const eddy::ExceptionContext&) { stops ? loop.stop() : event.set(); });
    const auto wait = [](eddy::Event& e) -> eddy::Task<> { co_await e.wait(); };
    if (stops) {
      CHECK_THROWS_AS(runner.run(wait(event)), eddy::RuntimeError);
    } else {
      runner.run(wait(event));
    }
  }
}
