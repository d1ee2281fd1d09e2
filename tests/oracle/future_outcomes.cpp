// A future gives its result, its exception or its cancellation to all who await it, in their order, and takes only one.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

#include <exception>
#include <stdexcept>

using namespace oracle;

namespace {

eddy::Task<> waiter(std::string name, eddy::Future<int> future) {
  try {
    trace(name, "got", co_await future);
  } catch (const std::runtime_error& error) {
    trace(name, "got an error:", error.what());
  } catch (const eddy::CancelledError&) {
    trace(name, "sees that it was cancelled");
  }
}

using Action = void (*)(const eddy::Future<int>&);

eddy::Task<> async_main() {
  const Action actions[] = {
      [](const eddy::Future<int>& future) { future.set_result(1); },
      [](const eddy::Future<int>& future) { future.set_exception(std::make_exception_ptr(std::runtime_error("no"))); },
      [](const eddy::Future<int>& future) { future.cancel(); },
  };
  for (const Action action : actions) {
    const auto future = eddy::get_running_loop().create_future<int>();
    const auto a = eddy::create_task(waiter("a", future));
    const auto b = eddy::create_task(waiter("b", future));
    co_await eddy::yield();
    action(future);
    trace("done:", future.done(), "cancelled:", future.cancelled());
    try {
      future.set_result(2);
    } catch (const eddy::InvalidStateError&) {
      trace("it takes no second result");
    }
    trace("cancel:", future.cancel());
    co_await eddy::gather(a, b);
  }
}

}  // namespace

ORACLE_MAIN(async_main)
