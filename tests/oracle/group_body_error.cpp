// The body of a group fails: it is left first, then its tasks are cancelled and waited for; one has not begun.
// SPDX-License-Identifier: MIT
#include "support/finally.hpp"
#include "support/oracle.hpp"

#include <chrono>
#include <stdexcept>
#include <string>

using namespace oracle;

namespace {

eddy::Task<> work(std::string name, std::chrono::seconds delay) {
  co_await eddy::sleep(delay);
  trace("done", name);
}

eddy::Task<> clean_up(std::string name, std::chrono::seconds cleanup) {
  co_await eddy::sleep(cleanup);
  trace("cleaned up", name);
}

eddy::Task<> child(std::string name, std::chrono::seconds delay, std::chrono::seconds cleanup) {
  trace("start", name);
  co_await eddy::try_finally(work(name, delay), clean_up(name, cleanup));
}

eddy::Task<> body(eddy::TaskGroup& group) {
  const Finally finally("left body");
  group.create_task(child("a", 5s, 2s));
  group.create_task(child("b", 6s, 1s));
  group.create_task(child("c", 1s, 0s));
  co_await eddy::sleep(2s);
  group.create_task(child("d", 1s, 1s));
  trace("body fails");
  throw std::invalid_argument("body failed");
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
