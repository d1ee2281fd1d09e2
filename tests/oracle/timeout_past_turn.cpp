// Designed difference: work whose deadline has passed is stopped where it waits, before what was queued meanwhile.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

using namespace oracle;

namespace {

struct WorkEnds {
  ~WorkEnds() { trace("work ends"); }
};

eddy::Task<> work() {
  const WorkEnds ends;
  trace("work starts");
  co_await eddy::sleep(9s);
}

eddy::Task<> body() {
  eddy::get_running_loop().call_soon([] { trace("callback 2"); });
  co_await work();
}

eddy::Task<> async_main() {
  eddy::get_running_loop().call_soon([] { trace("callback 1"); });
  try {
    co_await eddy::timeout(0s, body());
  } catch (const eddy::TimeoutError&) {
    trace("timed out");
  }
  co_await eddy::yield();
  trace("main ends");
}

}  // namespace

ORACLE_MAIN(async_main)
