// The last to come opens the barrier and goes on first, the others follow in order; the next generation starts anew.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

using namespace oracle;

namespace {

eddy::Task<> party(std::string name, eddy::Barrier& barrier, std::chrono::seconds delay) {
  co_await eddy::sleep(delay);
  trace(name, "comes,", barrier.n_waiting(), "wait");
  trace(name, "goes on as number", co_await barrier.wait());
}

eddy::Task<> async_main() {
  eddy::Barrier barrier(3);
  const auto a = eddy::create_task(party("a", barrier, 2s));
  const auto b = eddy::create_task(party("b", barrier, 1s));
  const auto c = eddy::create_task(party("c", barrier, 3s));
  const auto d = eddy::create_task(party("d", barrier, 4s));
  const auto e = eddy::create_task(party("e", barrier, 6s));
  const auto f = eddy::create_task(party("f", barrier, 5s));
  co_await eddy::gather(a, b, c, d, e, f);
  trace("left:", barrier.n_waiting(), "of", barrier.parties());
}

}  // namespace

ORACLE_MAIN(async_main)
