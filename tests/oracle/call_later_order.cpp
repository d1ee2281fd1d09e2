// Timers run by their deadlines and at the same deadline in the order of the calls; a past deadline is the next pass.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

using namespace oracle;

namespace {

eddy::Task<> async_main() {
  eddy::EventLoop& loop = eddy::get_running_loop();
  const auto start = loop.time();
  const auto seconds = [start](eddy::TimePoint time) { return static_cast<int>((time - start) / 1s); };
  const auto say = [&loop, seconds](const char* name) { trace("at", seconds(loop.time()), name); };
  const auto callback = [say](const char* name) { return [say, name] { say(name); }; };

  loop.call_later(2s, callback("two, first"));
  loop.call_later(1s, callback("one, first"));
  auto two = loop.call_later(2s, callback("two, cancelled"));
  loop.call_at(start + 2s, callback("two, last"));
  auto one = loop.call_at(start + 1s, callback("one, cancelled"));
  loop.call_later(0s, callback("zero"));
  loop.call_at(start - 1s, callback("past"));
  loop.call_soon(callback("soon"));
  one.cancel();
  trace("queued, for", seconds(one.when()), "and", seconds(two.when()));
  co_await eddy::yield();
  say("a turn later");
  co_await eddy::sleep(1s);
  say("main sleeps on");
  two.cancel();
  loop.call_later(1s, callback("two, after all others"));
  co_await eddy::sleep(1s);
  say("main wakes");
  co_await eddy::sleep(1s);
  say("main ends");
}

}  // namespace

ORACLE_MAIN(async_main)
