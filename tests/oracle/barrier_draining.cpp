// Who comes while the last generation is still leaving the barrier is counted behind it, for the next generation.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

#include <vector>

using namespace oracle;

namespace {

eddy::Task<> party(std::string name, eddy::Barrier& barrier) {
  trace(name, "comes,", barrier.n_waiting(), "wait");
  trace(name, "goes on as number", co_await barrier.wait());
}

eddy::Task<> async_main() {
  eddy::Barrier barrier(2);
  std::vector<eddy::TaskHandle<>> parties;
  parties.push_back(eddy::create_task(party("a", barrier)));
  co_await eddy::sleep(1s);
  for (const char* name : {"b", "c", "d"}) parties.push_back(eddy::create_task(party(name, barrier)));
  co_await eddy::yield();
  trace("main:", barrier.n_waiting(), "wait");
  co_await eddy::sleep(1s);
  trace("main:", barrier.n_waiting(), "wait");
  for (const char* name : {"e", "f"}) parties.push_back(eddy::create_task(party(name, barrier)));
  co_await eddy::gather(parties);
}

}  // namespace

ORACLE_MAIN(async_main)
