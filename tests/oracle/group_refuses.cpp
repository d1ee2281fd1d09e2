// A group that is stopping takes no more tasks, neither from its tasks' cleanup nor from a callback.
// SPDX-License-Identifier: MIT
#include "support/finally.hpp"
#include "support/oracle.hpp"

#include <chrono>
#include <stdexcept>
#include <string>

using namespace oracle;

namespace {

eddy::Task<> child(std::string name, std::chrono::milliseconds delay, bool fails = false) {
  trace("start", name);
  const Finally finally("left " + name);
  co_await eddy::sleep(delay);
  if (fails) throw std::invalid_argument(name + " failed");
  trace("done", name);
}

void add(eddy::TaskGroup& group, std::string name) {
  try {
    group.create_task(child(name, 1s));
    trace("added", name);
  } catch (const eddy::RuntimeError&) {
    trace("refused", name);
  }
}

eddy::Task<> clean_up(eddy::TaskGroup& group, std::string name) {
  co_await eddy::sleep(2s);
  add(group, "from the cleanup");
  co_await eddy::sleep(2s);
  trace("cleaned up", name);
}

eddy::Task<> careful(eddy::TaskGroup& group, std::string name) {
  trace("start", name);
  co_await eddy::try_finally(eddy::sleep(9s), clean_up(group, name));
}

eddy::Task<> body(eddy::TaskGroup& group) {
  eddy::EventLoop& loop = eddy::get_running_loop();
  group.create_task(child("a", 2500ms, true));
  group.create_task(careful(group, "b"));
  loop.call_later(1s, [&group] { add(group, "in time"); });
  loop.call_later(3s, [&group] { add(group, "too late"); });
  loop.call_later(4s, [&group] { add(group, "still too late"); });
  co_return;
}

eddy::Task<> async_main() {
  try {
    co_await eddy::task_group(body);
  } catch (const eddy::ExceptionGroup& errors) {
    errors.handle<std::invalid_argument>([](const std::exception& error) { trace("main caught:", error.what()); });
  }
}

}  // namespace

ORACLE_MAIN(async_main)
