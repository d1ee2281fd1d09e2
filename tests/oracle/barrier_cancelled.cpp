// A waiter that is cancelled gives up its place at the barrier, which does not break; another one has to come.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

using namespace oracle;

namespace {

struct Leaves {
  const std::string& name;
  ~Leaves() { trace(name, "leaves"); }
};

eddy::Task<> party(std::string name, eddy::Barrier& barrier) {
  const Leaves leaves{name};
  trace(name, "comes,", barrier.n_waiting(), "wait");
  co_await barrier.wait();
  trace(name, "goes on");
}

eddy::Task<> async_main() {
  eddy::Barrier barrier(3);
  auto a = eddy::create_task(party("a", barrier));
  const auto b = eddy::create_task(party("b", barrier));
  co_await eddy::sleep(1s);
  a.cancel();
  co_await eddy::sleep(1s);
  trace(barrier.n_waiting(), "wait, broken:", barrier.broken());
  const auto c = eddy::create_task(party("c", barrier));
  co_await eddy::sleep(1s);
  trace("b has not gone on:", !b.done());
  const auto d = eddy::create_task(party("d", barrier));
  co_await eddy::gather(b, c, d);
  trace("a was cancelled:", a.cancelled());
}

}  // namespace

ORACLE_MAIN(async_main)
