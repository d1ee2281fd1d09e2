// A cancel that comes from outside passes through a timeout as a cancel; it does not become a TimeoutError.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

using namespace oracle;

namespace {

struct WorkEnds {
  ~WorkEnds() { trace("work ends"); }
};

struct Ends {
  const std::string& name;
  ~Ends() { trace(name, "ends, cancelling:", eddy::current_task().cancelling()); }
};

eddy::Task<> work() {
  const WorkEnds ends;
  co_await eddy::sleep(9s);
}

eddy::Task<> worker(std::string name, std::chrono::seconds limit) {
  const Ends ends{name};
  try {
    co_await eddy::timeout(limit, work());
  } catch (const eddy::TimeoutError&) {
    trace(name, "timed out");
  }
}

eddy::Task<> async_main() {
  auto a = eddy::create_task(worker("a", 5s));
  auto b = eddy::create_task(worker("b", 1s));
  co_await eddy::sleep(2s);
  const bool cancelled_a = a.cancel();
  trace("cancel:", cancelled_a, b.cancel());
  const auto [of_a, of_b] = co_await eddy::gather(eddy::return_exceptions, a, b);
  trace("cancelled:", of_a.cancelled(), of_b.cancelled());
}

}  // namespace

ORACLE_MAIN(async_main)
