// Work that gives a result or an error after its time was up is waited for, and delivers that, not a TimeoutError.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

#include <stdexcept>

using namespace oracle;

namespace {

eddy::Task<std::string> stubborn() {
  co_await eddy::uncancellable(eddy::sleep(3s));
  trace("stubborn is done");
  co_return "a late result";
}

eddy::Task<std::string> body() {
  co_await eddy::sleep(9s);
  co_return "a result";
}

eddy::Task<> failing_cleanup() {
  trace("failing cleans up");
  co_await eddy::sleep(1s);
  throw std::runtime_error("the cleanup failed");
}
eddy::Task<std::string> failing() { co_return co_await eddy::try_finally(body(), failing_cleanup()); }

eddy::Task<> cleanup() {
  trace("obedient cleans up");
  co_await eddy::sleep(1s);
}
eddy::Task<std::string> obedient() { co_return co_await eddy::try_finally(body(), cleanup()); }

eddy::Task<> async_main() {
  eddy::EventLoop& loop = eddy::get_running_loop();
  for (const auto work : {stubborn, failing, obedient}) {
    const auto start = loop.time();
    try {
      trace("result:", co_await eddy::timeout(1s, work()));
    } catch (const eddy::TimeoutError&) {
      trace("timed out");
    } catch (const std::runtime_error& error) {
      trace("error:", error.what());
    }
    trace("after", static_cast<int>((loop.time() - start) / 1s));
  }
}

}  // namespace

ORACLE_MAIN(async_main)
