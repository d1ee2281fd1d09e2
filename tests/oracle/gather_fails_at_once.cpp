// A child that fails before it first waits: in Python the later ones start all the same, here they never do.
// SPDX-License-Identifier: MIT
#include "support/finally.hpp"
#include "support/oracle.hpp"

#include <stdexcept>
#include <string>

using namespace oracle;

namespace {

eddy::Task<> child(std::string name, bool fails) {
  trace("start", name);
  const Finally finally("left " + name);
  if (fails) throw std::invalid_argument(name + " failed");
  co_await eddy::sleep(1s);
  trace("done", name);
}

eddy::Task<> async_main() {
  try {
    co_await eddy::gather(child("a", false), child("b", true), child("c", false));
  } catch (const std::invalid_argument& error) {
    trace("main caught:", error.what());
  }
  const auto [d, e] = co_await eddy::gather(eddy::return_exceptions, child("d", true), child("e", false));
  trace("errors:", d.has_exception(), e.has_exception());
}

}  // namespace

ORACLE_MAIN(async_main)
