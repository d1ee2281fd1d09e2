// A callback that raises goes to the loop's exception handler at once; the loop goes on with the next one.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

#include <exception>
#include <stdexcept>

using namespace oracle;

namespace {

void fail(const char* name) {
  trace(name, "fails");
  throw std::runtime_error(name);
}

eddy::Task<int> child() {
  trace("child runs");
  co_return 1;
}

void handler(const eddy::ExceptionContext& context) {
  try {
    std::rethrow_exception(context.exception);
  } catch (const std::runtime_error& error) {
    trace("the handler is told of", error.what());
  }
}

eddy::Task<> async_main() {
  eddy::EventLoop& loop = eddy::get_running_loop();
  loop.set_exception_handler(handler);
  loop.call_soon([] { trace("callback 1"); });
  loop.call_soon([] { fail("callback 2"); });
  loop.call_soon([] { trace("callback 3"); });
  auto task = eddy::create_task(child());
  task.add_done_callback([] { fail("done callback 1"); });
  task.add_done_callback([] { trace("done callback 2"); });
  loop.call_later(1s, [] { fail("timer 1"); });
  loop.call_later(1s, [] { trace("timer 2"); });
  co_await eddy::yield();
  trace("main has had a turn");
  trace("result", co_await task);
  co_await eddy::sleep(2s);
  trace("main ends");
}

}  // namespace

ORACLE_MAIN(async_main)
