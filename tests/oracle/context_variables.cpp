// A task starts with a copy of its creator's context; what it sets is seen by what it awaits, not by its creator.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

#include <chrono>
#include <string>

using namespace oracle;

namespace {

eddy::ContextVar<std::string> user("user", "nobody");

void show(const std::string& where) { trace(where, "sees", user.get()); }

eddy::Task<> helper(std::string name) {
  show("helper of " + name);
  user.set("helper of " + name);
  co_return;
}

eddy::Task<> child(std::string name, std::chrono::seconds delay) {
  show(name);
  user.set(name);
  co_await eddy::sleep(delay);
  show(name);
  co_await helper(name);
  show(name);
}

eddy::Task<> async_main() {
  eddy::EventLoop& loop = eddy::get_running_loop();
  show("main");
  auto before = eddy::create_task(child("before", 2s));
  const auto token = user.set("main");
  loop.call_soon([] { show("callback"); });
  auto after = eddy::create_task(child("after", 1s));
  user.set("main again");
  loop.call_later(3s, [] { show("late callback"); });
  co_await eddy::yield();
  show("main");
  user.reset(token);
  show("main");
  co_await before;
  co_await after;
  co_await helper("main");
  show("main");
  co_await eddy::gather(child("gathered", 2s));
  show("main");
}

}  // namespace

ORACLE_MAIN(async_main)
