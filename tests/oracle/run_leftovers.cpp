// What main leaves behind is cancelled at the end of run and waited for, cleanup and the tasks that it awaits included.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

#include <chrono>
#include <string>

using namespace oracle;

namespace {

eddy::Task<> clean_up(std::string name, std::chrono::seconds delay) {
  co_await eddy::sleep(delay);
  trace("cleaned up", name);
}

eddy::Task<> background(std::string name, std::chrono::seconds delay) {
  trace("start", name);
  co_await eddy::try_finally(eddy::sleep(99s), clean_up(name, delay));
}

eddy::Task<> finishes() {
  co_await eddy::sleep(1s);
  trace("this one ends by itself");
}

eddy::Task<> async_main() {
  eddy::create_task(background("a", 3s));
  eddy::create_task(finishes());
  eddy::create_task(background("b", 1s));
  co_await eddy::sleep(2s);
  auto c = eddy::create_task(background("c", 2s));
  co_await eddy::yield();
  eddy::get_running_loop().call_soon([] { trace("callback"); });
  trace("main ends, c done:", c.done());
}

}  // namespace

ORACLE_MAIN(async_main)
