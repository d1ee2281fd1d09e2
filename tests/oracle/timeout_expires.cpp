// A timeout that expires ends the work inside, innermost first, and only then raises; one that does not costs nothing.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

#include <optional>

using namespace oracle;

namespace {

struct Ends {
  const char* name;
  ~Ends() { trace(name, "ends"); }
};

eddy::Task<int> inner(int delay) {
  const Ends ends{"inner"};
  trace("inner waits", delay);
  co_await eddy::sleep(std::chrono::seconds(delay));
  trace("inner is done");
  co_return delay;
}

eddy::Task<int> outer(int delay) {
  const Ends ends{"outer"};
  co_return co_await inner(delay);
}

eddy::Task<> async_main() {
  for (const int delay : {1, 3}) {
    try {
      trace("result", co_await eddy::timeout(2s, outer(delay)));
    } catch (const eddy::TimeoutError&) {
      trace("timed out");
    }
  }
  trace("result", co_await eddy::timeout(std::nullopt, outer(5)));
  trace("cancelling:", eddy::current_task().cancelling());
}

}  // namespace

ORACLE_MAIN(async_main)
