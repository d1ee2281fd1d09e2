// Of two nested timeouts the one that expires raises, at its own level: first the inner one, then the outer one.
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
  co_await eddy::sleep(10s);
}

eddy::Task<> with_inner(std::chrono::seconds inner) {
  try {
    co_await eddy::timeout(inner, work("the first"));
  } catch (const eddy::TimeoutError&) {
    trace("the inner one timed out");
  }
  co_await work("the second");
}

eddy::Task<> nested(std::chrono::seconds inner, std::chrono::seconds outer) {
  try {
    co_await eddy::timeout(outer, with_inner(inner));
  } catch (const eddy::TimeoutError&) {
    trace("the outer one timed out");
  }
}

eddy::Task<> async_main() {
  trace("inner first");
  co_await nested(1s, 2s);
  trace("outer first");
  co_await nested(2s, 1s);
}

}  // namespace

ORACLE_MAIN(async_main)
