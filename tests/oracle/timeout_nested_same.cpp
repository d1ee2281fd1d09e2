// Of two nested timeouts that expire at one moment the outer one raises.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

using namespace oracle;

namespace {

struct Ends {
  const char* name;
  ~Ends() { trace(name, "ends"); }
};

eddy::Task<> work(const char* name) {
  const Ends ends{name};
  trace(name, "starts");
  co_await eddy::sleep(9s);
}

eddy::Task<> inner() {
  try {
    co_await eddy::timeout(2s, work("the first"));
  } catch (const eddy::TimeoutError&) {
    trace("the inner one timed out");
  }
  co_await work("the second");
}

eddy::Task<> async_main() {
  for (const auto limit : {2s, 3s}) {
    try {
      co_await eddy::timeout(limit, inner());
    } catch (const eddy::TimeoutError&) {
      trace("the outer one timed out");
    }
  }
  trace("cancelling:", eddy::current_task().cancelling());
  co_await eddy::sleep(1s);
  trace("main ends");
}

}  // namespace

ORACLE_MAIN(async_main)
