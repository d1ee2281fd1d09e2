// Tests of eddy/loop/event_loop.hpp: callbacks, the order of passes, exceptions, closing.
// SPDX-License-Identifier: MIT
#include <eddy/loop/event_loop.hpp>

#include "support/run.hpp"

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <fcntl.h>
#include <stdexcept>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace std::chrono_literals;

namespace {

using Log = std::vector<std::string>;

// A callback that appends `text` to `log`.
struct Append {
  Append(Log& target, std::string line) : log(&target), text(std::move(line)) {}
  void operator()() const { log->push_back(text); }
  Log* log;
  std::string text;
};

std::size_t armed_timers() { return eddy::EventLoop::Internals::timers(eddy::get_running_loop()).size(); }

}  // namespace

EDDY_LOOP_TEST_CASE("call_soon runs callbacks in order, and those added meanwhile in the next pass",
                    "[loop][c324][order]") {
  Log log;
  test::run_virtual([&]() -> eddy::Task<> {
    eddy::EventLoop& loop = eddy::get_running_loop();
    loop.call_soon([&] {
      log.push_back("first");
      loop.call_soon(Append(log, "added by first"));
    });
    loop.call_soon(Append(log, "second"));
    co_await eddy::yield();
    log.push_back("task");
    co_await eddy::yield();
  });
  CHECK(log == Log{"first", "second", "task", "added by first"});
}

EDDY_LOOP_TEST_CASE("call_soon never runs the callback inside the call", "[loop][c324]") {
  Log log;
  test::run_virtual([&]() -> eddy::Task<> {
    eddy::get_running_loop().call_soon(Append(log, "callback"));
    log.push_back("after the call");
    co_await eddy::yield();
  });
  CHECK(log == Log{"after the call", "callback"});
}

EDDY_LOOP_TEST_CASE("a cancelled callback never runs, is destroyed at once, and its handle stays safe",
                    "[loop][c325][order]") {
  Log log;
  test::run_virtual([&]() -> eddy::Task<> {
    eddy::EventLoop& loop = eddy::get_running_loop();
    loop.call_soon(Append(log, "a"));
    eddy::Handle cancelled = loop.call_soon([&, tracked = test::Tracked()] { log.push_back("never"); });
    loop.call_soon(Append(log, "b"));
    CHECK(test::Tracked::alive == 1);
    CHECK_FALSE(cancelled.cancelled());
    cancelled.cancel();
    CHECK(cancelled.cancelled());
    CHECK(test::Tracked::alive == 0);
    cancelled.cancel();
    const eddy::Handle copy = cancelled;
    co_await eddy::yield();
    CHECK(copy.cancelled());
  });
  CHECK(log == Log{"a", "b"});
}

EDDY_LOOP_TEST_CASE("a callback may cancel others that are due in the same pass, and itself",
                    "[loop][c325][c202][order]") {
  Log log;
  test::run_virtual([&]() -> eddy::Task<> {
    eddy::EventLoop& loop = eddy::get_running_loop();
    eddy::Handle first, second;
    eddy::TimerHandle timer, later;
    first = loop.call_soon([&] {
      log.push_back("first");
      first.cancel();
      second.cancel();
    });
    second = loop.call_soon(Append(log, "never"));
    timer = loop.call_later(1s, [&] {
      log.push_back("timer");
      timer.cancel();
      later.cancel();
    });
    later = loop.call_later(1s, Append(log, "never"));
    co_await eddy::sleep(2s);
    CHECK_FALSE(first.cancelled());
    CHECK(second.cancelled());
    CHECK_FALSE(timer.cancelled());
    CHECK(later.cancelled());
  });
  CHECK(log == Log{"first", "timer"});
}

EDDY_TEST_CASE("a callback that has run is destroyed, though its handle is kept", "[loop][c325]") {
  const eddy::Handle handle = eddy::get_running_loop().call_soon([tracked = test::Tracked()] {});
  CHECK(test::Tracked::alive == 1);
  co_await test::settle();
  CHECK(test::Tracked::alive == 0);
  CHECK_FALSE(handle.cancelled());
}

TEST_CASE("an empty handle can be cancelled and asked", "[loop]") {
  eddy::TimerHandle handle;
  handle.cancel();
  CHECK_FALSE(handle.cancelled());
  CHECK(handle.when() == eddy::TimePoint{});
}

EDDY_LOOP_TEST_CASE("call_later and call_at run callbacks by time, and equal times in the order of the calls",
                    "[loop][c209][order]") {
  Log log;
  test::run_virtual([&]() -> eddy::Task<> {
    eddy::EventLoop& loop = eddy::get_running_loop();
    const auto start = loop.time();
    loop.call_later(3s, Append(log, "3"));
    loop.call_at(start + 1s, Append(log, "1"));
    const eddy::TimerHandle two =
        loop.call_later(2s, [&] { log.push_back(loop.time() == start + 2s ? "2 on time" : "2"); });
    loop.call_at(start + 3s, Append(log, "3 again"));
    CHECK(two.when() == start + 2s);
    co_await eddy::sleep(10s);
    CHECK(two.when() == start + 2s);
  });
  CHECK(log == Log{"1", "2 on time", "3", "3 again"});
}

EDDY_LOOP_TEST_CASE("a callback for a time that has passed runs in the next pass", "[loop][c201]") {
  Log log;
  eddy::testing::VirtualClock clock;
  test::run_virtual(
      [&]() -> eddy::Task<> {
        eddy::EventLoop& loop = eddy::get_running_loop();
        loop.call_later(0s, Append(log, "zero"));
        loop.call_later(-1h, Append(log, "negative"));
        loop.call_at(loop.time() - 1h, Append(log, "past"));
        log.push_back("called");
        co_await eddy::yield();
        co_await eddy::yield();
      },
      clock);
  CHECK(log.size() == 4);
  CHECK(log.front() == "called");
  CHECK(clock.elapsed() == 0s);
}

EDDY_LOOP_TEST_CASE("a timer is moved by cancelling it and arming another, before and after it fired", "[loop][c201]") {
  Log log;
  test::run_virtual([&]() -> eddy::Task<> {
    eddy::EventLoop& loop = eddy::get_running_loop();
    eddy::TimerHandle timer = loop.call_later(5s, Append(log, "never"));
    timer.cancel();
    timer = loop.call_later(1s, Append(log, "moved"));
    CHECK(armed_timers() == 1);
    co_await eddy::sleep(2s);
    timer.cancel();  // too late, and harmless
    CHECK_FALSE(timer.cancelled());
    timer = loop.call_later(1s, Append(log, "again"));
    co_await eddy::sleep(10s);
  });
  CHECK(log == Log{"moved", "again"});
}

EDDY_TEST_CASE("cancelled timers leave at once, so that a million of them take no room", "[loop][c197][c199][large]") {
  eddy::EventLoop& loop = eddy::get_running_loop();
  std::size_t most = 0;
  for (int i = 0; i < 1'000'000; ++i) {
    eddy::TimerHandle timer = loop.call_later(1h, [] {});
    if (armed_timers() > most) most = armed_timers();
    timer.cancel();
  }
  CHECK(most == 1);
  CHECK(armed_timers() == 0);
  co_return;
}

EDDY_LOOP_TEST_CASE("timers fire in the order of their deadlines though the loop was blocked past all of them",
                    "[loop][c209][order]") {
  Log log;
  eddy::testing::VirtualClock clock;
  test::run_virtual(
      [&]() -> eddy::Task<> {
        eddy::EventLoop& loop = eddy::get_running_loop();
        loop.call_later(30ms, Append(log, "30"));
        loop.call_later(10ms, Append(log, "10"));
        loop.call_later(20ms, Append(log, "20"));
        clock.advance(1s);  // a callback that took a second
        co_await eddy::sleep(1ms);
      },
      clock);
  CHECK(log == Log{"10", "20", "30"});
}

EDDY_LOOP_TEST_CASE("a timer beyond the clock's range never fires and does no harm", "[loop][c204]") {
  eddy::testing::VirtualClock clock;
  int fired = 0;
  test::run_virtual(
      [&]() -> eddy::Task<> {
        eddy::EventLoop& loop = eddy::get_running_loop();
        const eddy::TimerHandle timer = loop.call_later(std::chrono::hours::max(), [&] { ++fired; });
        CHECK(timer.when() == eddy::TimePoint::max());
        co_await eddy::sleep(24h * 365);
      },
      clock);
  CHECK(fired == 0);
  CHECK(clock.elapsed() == 24h * 365);
}

EDDY_LOOP_TEST_CASE("a callback that throws goes to the exception handler, and the loop goes on", "[loop][c326]") {
  Log log;
  test::run_virtual([&]() -> eddy::Task<> {
    eddy::EventLoop& loop = eddy::get_running_loop();
    loop.call_soon([] { throw std::runtime_error("oops"); });
    loop.call_soon(Append(log, "next"));
    loop.call_later(1s, [] { throw 42; });
    co_await eddy::sleep(2s);
    log.push_back("task");
    CHECK(test::take_reports() ==
          Log{"a callback threw an exception: oops",
              "a callback threw an exception: an exception that does not derive from std::exception"});
  });
  CHECK(log == Log{"next", "task"});
}

EDDY_LOOP_TEST_CASE("an exception handler gets the message and the exception, and may be replaced",
                    "[loop][c326][order]") {
  Log log;
  test::run_virtual([&]() -> eddy::Task<> {
    eddy::EventLoop& loop = eddy::get_running_loop();
    loop.set_exception_handler([&](const eddy::ExceptionContext& context) {
      CHECK_THROWS_AS(std::rethrow_exception(context.exception), std::out_of_range);
      CHECK(context.task.empty());
      log.push_back(context.message);
    });
    loop.call_soon([] { throw std::out_of_range("far"); });
    co_await eddy::yield();
    loop.call_exception_handler({"by hand", std::make_exception_ptr(std::out_of_range("far")), {}});
  });
  CHECK(log == Log{"a callback threw an exception", "by hand"});
}

EDDY_LOOP_TEST_CASE("an exception handler that itself throws is contained", "[loop][c327][order]") {
  Log log;
  test::run_virtual([&]() -> eddy::Task<> {
    eddy::EventLoop& loop = eddy::get_running_loop();
    loop.set_exception_handler([&](const eddy::ExceptionContext&) {
      log.push_back("handler");
      throw std::runtime_error("the handler fails on purpose");
    });
    loop.call_soon([] { throw std::runtime_error("the callback fails on purpose"); });
    loop.call_soon(Append(log, "next"));
    co_await eddy::yield();
  });
  CHECK(log == Log{"handler", "next"});
}

EDDY_LOOP_TEST_CASE("get_running_loop gives the loop in tasks and callbacks, and throws outside",
                    "[loop][c21][order]") {
  CHECK_THROWS_AS(eddy::get_running_loop(), eddy::NoRunningLoop);
  test::run_virtual([]() -> eddy::Task<> {
    eddy::EventLoop& loop = eddy::get_running_loop();
    CHECK(loop.is_running());
    CHECK_FALSE(loop.is_closed());
    int seen = 0;
    loop.call_soon([&] { seen += &eddy::get_running_loop() == &loop; });
    co_await eddy::yield();
    CHECK(seen == 1);
    std::thread([&] {
      try {
        (void)eddy::get_running_loop();
      } catch (const eddy::NoRunningLoop&) {
        ++seen;
      }
    }).join();
    CHECK(seen == 2);
  });
  CHECK_THROWS_AS(eddy::get_running_loop(), eddy::NoRunningLoop);
}

TEST_CASE("a loop that is stopped before it runs makes one pass", "[loop][c330]") {
  Log log;
  eddy::EventLoop loop;
  loop.call_soon([&] {
    log.push_back("first pass");
    loop.call_soon(Append(log, "second pass"));
  });
  loop.stop();
  loop.run_forever();
  CHECK(log == Log{"first pass"});
  CHECK_FALSE(loop.is_running());
  loop.stop();
  loop.run_forever();
  CHECK(log == Log{"first pass", "second pass"});
}

TEST_CASE("stop ends run_forever after the current pass", "[loop][c330]") {
  Log log;
  eddy::testing::VirtualClock clock;
  eddy::EventLoop loop(&clock);
  loop.call_later(1s, [&] {
    CHECK(loop.is_running());
    CHECK_THROWS_AS(loop.run_forever(), eddy::RuntimeError);
    loop.stop();
    log.push_back("stopped");
    loop.call_soon(Append(log, "never"));
  });
  loop.call_later(1s, Append(log, "same pass"));
  loop.call_later(2s, Append(log, "never"));
  loop.run_forever();
  CHECK(log == Log{"stopped", "same pass"});
  CHECK(clock.elapsed() == 1s);
}

EDDY_TEST_CASE("a running loop cannot be closed", "[loop][c331]") {
  CHECK_THROWS_AS(eddy::get_running_loop().close(), eddy::RuntimeError);
  CHECK_FALSE(eddy::get_running_loop().is_closed());
  co_await eddy::yield();  // and it still works
}

TEST_CASE("closing a loop twice does nothing the second time", "[loop][c331]") {
  eddy::EventLoop loop;
  CHECK_FALSE(loop.is_running());
  CHECK_FALSE(loop.is_closed());
  loop.close();
  CHECK(loop.is_closed());
  CHECK_NOTHROW(loop.close());
  CHECK(loop.is_closed());
}

TEST_CASE("every way into a closed loop throws LoopClosed and destroys what it was given", "[loop][c332][c319]") {
  eddy::EventLoop loop;
  loop.close();
  CHECK_THROWS_AS(loop.call_soon([tracked = test::Tracked()] {}), eddy::LoopClosed);
  CHECK_THROWS_AS(loop.call_later(1s, [tracked = test::Tracked()] {}), eddy::LoopClosed);
  CHECK_THROWS_AS(loop.call_at(loop.time(), [tracked = test::Tracked()] {}), eddy::LoopClosed);
  CHECK_THROWS_AS(loop.call_soon_threadsafe([tracked = test::Tracked()] {}), eddy::LoopClosed);
  CHECK_THROWS_AS(loop.create_future<int>(), eddy::LoopClosed);
  CHECK_THROWS_AS(loop.add_reader(0, [tracked = test::Tracked()] {}), eddy::LoopClosed);
  CHECK_THROWS_AS(loop.add_writer(0, [tracked = test::Tracked()] {}), eddy::LoopClosed);
  CHECK_THROWS_AS(loop.add_signal_handler(SIGUSR1, [tracked = test::Tracked()] {}), eddy::LoopClosed);
  CHECK_THROWS_AS(loop.run_forever(), eddy::LoopClosed);
  const auto body = [](test::Tracked) -> eddy::Task<> { co_return; };
  CHECK_THROWS_AS(loop.run_until_complete(body(test::Tracked())), eddy::LoopClosed);
  CHECK_FALSE(loop.remove_reader(0));
  CHECK_FALSE(loop.remove_writer(0));
  CHECK_FALSE(loop.remove_signal_handler(SIGUSR1));
  CHECK(test::Tracked::alive == 0);
}

TEST_CASE("closing a loop drops the callbacks that have not run, whose handles stay safe", "[loop][c334]") {
  int ran = 0;
  eddy::Handle soon;
  eddy::TimerHandle later;
  {
    eddy::EventLoop loop;
    soon = loop.call_soon([&, tracked = test::Tracked()] { ++ran; });
    later = loop.call_later(1s, [&, tracked = test::Tracked()] { ++ran; });
    loop.call_soon([&, tracked = test::Tracked()] { ++ran; });
    CHECK(test::Tracked::alive == 3);
  }
  CHECK(test::Tracked::alive == 0);
  CHECK(ran == 0);
  soon.cancel();
  later.cancel();
  CHECK(later.cancelled());
}

TEST_CASE("what a destructor schedules or starts while its loop is being closed never runs, and is destroyed",
          "[loop][c335][c26]") {
  Log log;
  struct AtDestruction {
    AtDestruction(eddy::EventLoop& event_loop, Log& target) : loop(&event_loop), log(&target) {}
    AtDestruction(AtDestruction&& other) noexcept : loop(std::exchange(other.loop, nullptr)), log(other.log) {}
    AtDestruction& operator=(AtDestruction&&) = delete;
    ~AtDestruction() {
      if (loop == nullptr) return;
      log->push_back("destroyed");
      try {
        loop->call_soon([target = log, tracked = test::Tracked()] { target->push_back("callback ran"); });
      } catch (const eddy::LoopClosed&) {
      }
      try {
        const auto body = [](Log& target, test::Tracked) -> eddy::Task<> {
          target.push_back("task ran");
          co_return;
        };
        auto handle = eddy::create_task(body(*log, test::Tracked()));
      } catch (const eddy::RuntimeError&) {  // NoRunningLoop or LoopClosed
      }
    }
    eddy::EventLoop* loop;
    Log* log;
  };
  {
    eddy::EventLoop loop;
    loop.call_soon([&log, at_destruction = AtDestruction(loop, log)] { log.push_back("callback ran"); });
    loop.call_later(1s, [&log, at_destruction = AtDestruction(loop, log)] { log.push_back("callback ran"); });
    loop.close();
    CHECK(loop.is_closed());
    CHECK(test::Tracked::alive == 0);
  }
  CHECK(log == Log{"destroyed", "destroyed"});
}

EDDY_LOOP_TEST_CASE("a callback that is pending when main ends runs while the loop ends, or is dropped, but only once",
                    "[loop][c334]") {
  int ran = 0;
  test::run_virtual([&]() -> eddy::Task<> {
    eddy::get_running_loop().call_soon([&, tracked = test::Tracked()] { ++ran; });
    eddy::get_running_loop().call_later(1h, [&, tracked = test::Tracked()] { ran += 100; });
    co_return;
  });
  CHECK(ran == 1);
  CHECK(test::Tracked::alive == 0);
}

EDDY_LOOP_TEST_CASE("call_soon_threadsafe wakes a sleeping loop", "[loop][real][c317]") {
  const auto start = std::chrono::steady_clock::now();
  std::thread poster;
  test::run_real([&]() -> eddy::Task<> {
    eddy::EventLoop& loop = eddy::get_running_loop();
    const auto done = loop.create_future<std::thread::id>();
    poster = std::thread([&] {
      std::this_thread::sleep_for(20ms);
      loop.call_soon_threadsafe([&] { done.set_result(std::this_thread::get_id()); });
    });
    const std::thread::id where = co_await done;
    CHECK(where == std::this_thread::get_id());
    poster.join();
  });
  CHECK(std::chrono::steady_clock::now() - start < 10s);
}

EDDY_LOOP_TEST_CASE("posts from one thread run in their order, none is lost, and tasks get their turns",
                    "[loop][real][c320][order]") {
  constexpr int kPosts = 100'000;
  std::thread poster;
  test::run_real([&]() -> eddy::Task<> {
    eddy::EventLoop& loop = eddy::get_running_loop();
    int next = 0;
    bool in_order = true;
    int turns = 0;
    poster = std::thread([&] {
      for (int i = 0; i < kPosts; ++i) {
        loop.call_soon_threadsafe([&, i] {
          in_order = in_order && next == i;
          ++next;
        });
      }
    });
    while (next < kPosts) {
      ++turns;
      co_await eddy::yield();
    }
    poster.join();
    CHECK(in_order);
    CHECK(turns > 1);
  });
}

EDDY_LOOP_TEST_CASE("call_soon_threadsafe works on the loop's own thread", "[loop][c317]") {
  Log log;
  test::run_virtual([&]() -> eddy::Task<> {
    eddy::get_running_loop().call_soon_threadsafe(Append(log, "posted"));
    log.push_back("after the call");
    co_await eddy::sleep(1ms);
  });
  CHECK(log == Log{"after the call", "posted"});
}

EDDY_LOOP_TEST_CASE("call_soon_threadsafe on the loop's own thread queues as call_soon does, in the caller's context",
                    "[loop][c317][order]") {
  Log log;
  static eddy::ContextVar<int> variable("variable", 0);
  test::run_virtual([&]() -> eddy::Task<> {
    eddy::EventLoop& loop = eddy::get_running_loop();
    const auto token = variable.set(7);
    loop.call_soon(Append(log, "1"));
    loop.call_soon_threadsafe([&] { log.push_back("2, " + std::to_string(variable.get())); });
    loop.call_soon(Append(log, "3"));
    const auto body = [&]() -> eddy::Task<> {
      log.push_back("task");
      co_return;
    };
    auto task = eddy::create_task(body());
    loop.call_soon_threadsafe(Append(log, "4"));
    co_await eddy::yield();
    log.push_back("next turn");
  });
  CHECK(log == Log{"1", "2, 7", "3", "task", "4", "next turn"});
}

TEST_CASE("posts that were accepted before the loop closed are run or destroyed, and later ones refused",
          "[loop][c321]") {
  const int alive_before = test::Tracked::alive;
  {
    eddy::EventLoop loop;
    loop.call_soon_threadsafe([tracked = test::Tracked()] {});
    loop.call_soon_threadsafe([tracked = test::Tracked()] {});
    CHECK(test::Tracked::alive == alive_before + 2);
    loop.close();
    CHECK_THROWS_AS(loop.call_soon_threadsafe([] {}), eddy::LoopClosed);
  }
  CHECK(test::Tracked::alive == alive_before);
}

EDDY_LOOP_TEST_CASE("a hold keeps a virtual clock from jumping until another thread has called in", "[loop][real]") {
  eddy::testing::VirtualClock clock;
  std::thread poster;
  Log log;
  test::run_virtual(
      [&]() -> eddy::Task<> {
        eddy::EventLoop& loop = eddy::get_running_loop();
        const auto done = loop.create_future<>();
        loop.call_later(1h, Append(log, "an hour later"));
        {
          const eddy::LoopHold hold = loop.hold();
          poster = std::thread([&] {
            std::this_thread::sleep_for(10ms);
            loop.call_soon_threadsafe([&] { done.set_result(); });
          });
          co_await done;
          log.push_back("called in");
          CHECK(clock.elapsed() == 0s);
        }
        poster.join();
        co_await eddy::sleep(2h);
      },
      clock);
  CHECK(log == Log{"called in", "an hour later"});
}

TEST_CASE("in debug mode a loop that is touched from another thread says so", "[loop][real]") {
  eddy::RunOptions options;
  options.debug = true;
  const auto body = []() -> eddy::Task<> {
    eddy::EventLoop& loop = eddy::get_running_loop();
    CHECK(loop.get_debug());
    std::string soon, later, future;
    std::thread([&] {
      const auto message = [](auto touch) -> std::string {
        try {
          touch();
          return "nothing was thrown";
        } catch (const eddy::RuntimeError& e) {
          return e.what();
        }
      };
      soon = message([&] { loop.call_soon([] {}); });
      later = message([&] { loop.call_later(1s, [] {}); });
      future = message([&] { (void)loop.create_future<int>(); });
      loop.call_soon_threadsafe([] {});  // the one door
    }).join();
    CHECK(soon.find("another thread") != std::string::npos);
    CHECK(soon.find("call_soon_threadsafe") != std::string::npos);
    CHECK(later == soon);
    CHECK(future == soon);
    loop.call_soon([] {});  // its own thread may
    co_return;
  };
  eddy::run(body(), options);
}

TEST_CASE("debug mode is off unless it is asked for", "[loop]") {
  eddy::EventLoop loop;
  CHECK(loop.get_debug() == (std::getenv("EDDY_DEBUG") != nullptr));
  loop.set_debug(true);
  CHECK(loop.get_debug());
  loop.set_debug(false);
  CHECK_FALSE(loop.get_debug());
}

EDDY_LOOP_TEST_CASE("timers are served though a task yields for ever", "[loop][c339][order]") {
  eddy::testing::VirtualClock clock;
  int turns = 0;
  test::run_virtual(
      [&]() -> eddy::Task<> {
        bool fired = false;
        eddy::get_running_loop().call_later(10ms, [&] { fired = true; });
        while (!fired) {
          ++turns;
          clock.advance(1ms);
          co_await eddy::yield();
        }
      },
      clock);
  CHECK(turns <= 11);
}

TEST_CASE("a handler may be made first and given to a loop later", "[loop]") {
  Log log;
  eddy::ExceptionHandler handler = [&log](const eddy::ExceptionContext& context) { log.push_back(context.message); };
  eddy::testing::VirtualClock clock;
  eddy::EventLoop loop(&clock);
  loop.set_exception_handler(std::move(handler));
  loop.call_exception_handler({"told", nullptr, {}});
  CHECK(log == Log{"told"});
}

EDDY_TEST_CASE("a loop counts its passes, its steps, and the timers that fired", "[loop][order]") {
  eddy::EventLoop& loop = eddy::get_running_loop();
  const eddy::LoopStatistics before = loop.statistics();
  CHECK(before.timers == 0);
  CHECK(before.descriptors == 0);
  auto sleeper = eddy::create_task([]() -> eddy::Task<> { co_await eddy::sleep(1h); });
  co_await eddy::yield();
  CHECK(loop.statistics().timers == 1);
  CHECK(loop.statistics().passes == before.passes + 1);
  CHECK(loop.statistics().steps == before.steps + 1);  // those of a pass are counted when it is over
  co_await eddy::sleep(2h);
  const eddy::LoopStatistics after = loop.statistics();
  CHECK(after.timers == 0);
  CHECK(after.timers_fired == before.timers_fired + 2);
  CHECK(after.passes == before.passes + 3);
  CHECK(after.steps == before.steps + 4);
  CHECK(after.polls == before.polls);  // a clock that jumps has nothing to look at
}

TEST_CASE("a loop outside of a test counts its steps, too", "[loop]") {
  eddy::testing::VirtualClock clock;
  eddy::RunOptions options;
  options.clock = &clock;
  const auto body = []() -> eddy::Task<std::uint64_t> {
    const std::uint64_t before = eddy::get_running_loop().statistics().steps;
    for (int i = 0; i < 10; ++i) co_await eddy::yield();
    co_return eddy::get_running_loop().statistics().steps - before;
  };
  CHECK(eddy::run(body(), options) == 10);
}

EDDY_TEST_CASE("a loop counts its looks at the descriptors, and who waits for them", "[loop][socket][order]") {
  int ends[2];
  REQUIRE(::pipe2(ends, O_NONBLOCK | O_CLOEXEC) == 0);
  const eddy::detail::ScopeExit close([&]() noexcept {
    ::close(ends[0]);
    ::close(ends[1]);
  });
  eddy::EventLoop& loop = eddy::get_running_loop();
  auto reader = eddy::create_task([](int fd) -> eddy::Task<> { co_await eddy::readable(fd); }, ends[0]);
  co_await eddy::yield();
  CHECK(loop.statistics().descriptors == 1);
  const std::uint64_t polls = loop.statistics().polls;
  CHECK(::write(ends[1], "x", 1) == 1);
  co_await reader;
  CHECK(loop.statistics().descriptors == 0);
  CHECK(loop.statistics().polls > polls);
}
