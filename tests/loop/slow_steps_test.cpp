// Debug mode's reports of tasks and callbacks that keep the loop from everything else. They are of real time, and other
// programs may slow down any step: so the tests look for the report that must be there, among others that may be.
//
// SPDX-License-Identifier: MIT
#include "support/debug_reports.hpp"
#include "support/run.hpp"
#include <unistd.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

using namespace test;

namespace {

void keep_busy(std::chrono::milliseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) {
  }
}

std::vector<eddy::ExceptionContext> told;  // in the last run

template <class F>
void run_debugging(F body, bool debug = true) {
  told = test::reports_of(std::move(body), debug);
}

// How many of the reports have all of these in their sentence.
template <class... Parts>
auto reports_with(const Parts&... parts) {
  return std::count_if(told.begin(), told.end(), [&](const eddy::ExceptionContext& context) {
    return ((context.message.find(parts) != std::string::npos) && ...);
  });
}

std::string here(int line) { return std::string(__FILE__) + ':' + std::to_string(line); }

}  // namespace

TEST_CASE("the slow callback duration is 100 milliseconds until it is set") {
  eddy::EventLoop loop;
  CHECK(loop.slow_callback_duration() == 100ms);
  loop.set_slow_callback_duration(std::chrono::duration<double>(0.25));
  CHECK(loop.slow_callback_duration() == 250ms);
}

TEST_CASE("debug mode reports a task that ran too long, with its name and where it waits now", "[real]") {
  const int line = __LINE__ + 3;
  const auto slow = []() -> eddy::Task<> {
    keep_busy(10ms);
    co_await eddy::sleep(1h);
  };
  run_debugging([&]() -> eddy::Task<> { co_await eddy::create_task(eddy::TaskOptions{.name = "parser"}, slow); });
  REQUIRE(reports_with("executing a task took ", " seconds; now it waits for sleep at " + here(line)) == 1);
  const auto report =
      std::find_if(told.begin(), told.end(), [](const auto& context) { return context.task == "parser"; });
  REQUIRE(report != told.end());
  CHECK(report->exception == nullptr);
  CHECK(reports_with("3600") == 0);  // the hour on the loop's clock is no time that the task ran
}

TEST_CASE("debug mode reports a task that ran too long and ended", "[real]") {
  const auto slow = []() -> eddy::Task<> {
    keep_busy(10ms);
    co_return;
  };
  run_debugging([&]() -> eddy::Task<> {
    co_await eddy::create_task(eddy::TaskOptions{.name = "short but heavy"}, slow);
    co_await eddy::gather(slow(), eddy::sleep(1s));
  });
  CHECK(reports_with("executing a task took ", " seconds; it has ended") >= 2);
  CHECK(std::any_of(told.begin(), told.end(), [](const auto& context) { return context.task == "short but heavy"; }));
}

TEST_CASE("debug mode reports the body of a timeout under the name of its task", "[real]") {
  const auto slow = []() -> eddy::Task<> {
    keep_busy(10ms);
    co_await eddy::yield();
  };
  run_debugging([&]() -> eddy::Task<> { co_await eddy::timeout(1s, slow); });
  REQUIRE(reports_with("executing a task took", "now it is ready to run at " + std::string(__FILE__)) >= 1);
  CHECK(std::any_of(told.begin(), told.end(), [](const auto& context) { return context.task == "main"; }));
}

TEST_CASE("debug mode reports a callback that ran too long, with the line that scheduled it", "[real]") {
  const int line = __LINE__ + 4;
  const auto slow = [] { keep_busy(10ms); };
  run_debugging([&]() -> eddy::Task<> {
    eddy::EventLoop& loop = eddy::get_running_loop();
    loop.call_soon(slow);
    loop.call_later(1s, slow);
    loop.call_at(loop.time() + 2s, slow);
    loop.call_soon_threadsafe(slow);
    std::thread([&] { loop.call_soon_threadsafe(slow); }).join();
    co_await eddy::sleep(3s);
  });
  for (int call = 0; call < 5; ++call) {
    CHECK(reports_with("executing a callback took ", " seconds; it was scheduled at " + here(line + call)) == 1);
  }
}

TEST_CASE("debug mode reports a slow callback of add_reader with its descriptor", "[real][socket]") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  run_debugging([&]() -> eddy::Task<> {
    eddy::EventLoop& loop = eddy::get_running_loop();
    loop.add_writer(ends[1], [&] {
      keep_busy(10ms);
      loop.remove_writer(ends[1]);
    });
    co_await eddy::sleep(1s);
  });
  CHECK(reports_with("executing a callback of add_reader or add_writer for descriptor " + std::to_string(ends[1]),
                     " took ") == 1);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_CASE("without debug mode slow tasks and callbacks are not reported", "[real]") {
  run_debugging(
      []() -> eddy::Task<> {
        eddy::get_running_loop().call_soon([] { keep_busy(10ms); });
        keep_busy(10ms);
        co_await eddy::sleep(1s);
      },
      false);
  CHECK(told.empty());
}

TEST_CASE("debug mode that is switched on and off in a task watches from the next pass on", "[real]") {
  run_debugging(
      []() -> eddy::Task<> {
        eddy::EventLoop& loop = eddy::get_running_loop();
        loop.set_debug(true);
        co_await eddy::yield();
        keep_busy(10ms);
        co_await eddy::sleep(1s);  // reported
        loop.set_debug(false);
        co_await eddy::yield();
        keep_busy(10ms);
        co_await eddy::sleep(2s);
        loop.call_soon([] { keep_busy(10ms); });
        co_await eddy::sleep(1s);
      },
      false);
  CHECK(reports_with("executing a task took", "now it waits for sleep") == 1);
  CHECK(reports_with("executing a callback") == 0);
}

EDDY_TEST_CASE("a test on the testing kit that switches debug mode on is told of slow steps, too", "[real]") {
  eddy::EventLoop& loop = eddy::get_running_loop();
  loop.set_debug(true);
  loop.set_slow_callback_duration(5ms);
  loop.call_soon([] { keep_busy(10ms); });
  co_await eddy::sleep(1s);
  loop.set_debug(false);
  const auto reports = take_reports();
  CHECK(std::any_of(reports.begin(), reports.end(),
                    [](const std::string& report) { return report.find("executing a callback took") == 0; }));
}

TEST_CASE("a limit of zero reports every step, and the handler may schedule and cancel in a report", "[real]") {
  told.clear();
  eddy::testing::VirtualClock clock;
  eddy::EventLoop loop(&clock);
  loop.set_debug(true);
  loop.set_slow_callback_duration(0s);
  eddy::TaskHandle<> sleeper;
  int seen = 0;
  int ran = 0;
  loop.set_exception_handler([&](const eddy::ExceptionContext& context) {
    told.push_back(context);
    if (context.task != "sleeper" || ++seen > 1) return;
    loop.call_soon([&] { ++ran; });
    sleeper.cancel();
  });
  const auto sleeps = []() -> eddy::Task<> { co_await eddy::sleep(1h); };
  const auto main = [&]() -> eddy::Task<> {
    sleeper = eddy::create_task(eddy::TaskOptions{.name = "sleeper"}, sleeps);
    co_await eddy::sleep(1s);
    CHECK(sleeper.cancelled());
  };
  loop.run_until_complete(main());
  CHECK(ran == 1);
  CHECK(told.size() >= 4);
  CHECK(clock.elapsed() == 1s);
  loop.close();
}
