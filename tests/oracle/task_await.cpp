// Awaiting a coroutine runs it in the same turn, awaiting a running task takes a turn, awaiting an ended one none.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

#include <string>

using namespace oracle;

namespace {

eddy::Task<std::string> child(std::string name) {
  trace(name, "runs");
  co_return name;
}

eddy::Task<std::string> deep(int depth) {
  if (depth == 0) co_return "deep";
  co_return co_await deep(depth - 1);
}

eddy::Task<> ticker() {
  for (int tick = 0; tick < 4; ++tick) {
    trace("tick", tick);
    co_await eddy::yield();
  }
}

eddy::Task<> async_main() {
  auto ticking = eddy::create_task(ticker());
  co_await eddy::yield();
  trace("got", co_await child("coroutine"));
  trace("got", co_await deep(5));
  auto task = eddy::create_task(child("task"));
  trace("created");
  trace("got", co_await task);
  trace("again", co_await task);
  trace("and again", co_await task, co_await child("coroutine"));
  co_await ticking;
  trace("main ends");
}

}  // namespace

ORACLE_MAIN(async_main)
