// reset sends away who waits and leaves the barrier whole; abort breaks it for everybody until the next reset.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

using namespace oracle;

namespace {

eddy::Task<> party(std::string name, eddy::Barrier& barrier) {
  trace(name, "comes");
  try {
    trace(name, "goes on as number", co_await barrier.wait());
  } catch (const eddy::BrokenBarrierError&) {
    trace(name, "finds it broken:", barrier.broken());
  }
}

eddy::Task<> async_main() {
  eddy::Barrier barrier(2);
  const auto a = eddy::create_task(party("a", barrier));
  co_await eddy::sleep(1s);
  barrier.reset();
  trace("reset, broken:", barrier.broken());
  co_await a;
  const auto b = eddy::create_task(party("b", barrier));
  co_await eddy::sleep(1s);
  barrier.abort();
  trace("aborted, broken:", barrier.broken());
  const auto c = eddy::create_task(party("c", barrier));
  co_await eddy::gather(b, c);
  barrier.reset();
  trace("reset, broken:", barrier.broken());
  const auto d = eddy::create_task(party("d", barrier));
  const auto e = eddy::create_task(party("e", barrier));
  co_await eddy::gather(d, e);
}

}  // namespace

ORACLE_MAIN(async_main)
