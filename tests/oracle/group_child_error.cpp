// A task of a group fails: the others are cancelled and may clean up; then the group throws all errors together.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

#include <chrono>
#include <stdexcept>
#include <string>

using namespace oracle;

namespace {

eddy::Task<> work(std::string name, std::chrono::seconds delay, bool fails) {
  co_await eddy::sleep(delay);
  trace("done", name);
  if (fails) throw std::invalid_argument(name + " failed");
}

eddy::Task<> clean_up(std::string name, std::chrono::seconds cleanup) {
  co_await eddy::sleep(cleanup);
  trace("cleaned up", name);
  if (cleanup == 2s) throw std::invalid_argument("cleanup of " + name + " failed");
}

eddy::Task<> child(std::string name, std::chrono::seconds delay, std::chrono::seconds cleanup, bool fails = false) {
  trace("start", name);
  co_await eddy::try_finally(work(name, delay, fails), clean_up(name, cleanup));
}

eddy::Task<> body(eddy::TaskGroup& group) {
  group.create_task(child("a", 9s, 4s));
  group.create_task(child("b", 2s, 0s));
  group.create_task(child("c", 3s, 1s, true));
  group.create_task(child("d", 8s, 2s));
  trace("body ends");
  co_return;
}

eddy::Task<> async_main() {
  try {
    co_await eddy::task_group(body);
  } catch (const eddy::ExceptionGroup& errors) {
    errors.handle<std::invalid_argument>([](const std::exception& error) { trace("main caught:", error.what()); });
  }
  co_await eddy::sleep(9s);
  trace("main ends");
}

}  // namespace

ORACLE_MAIN(async_main)
