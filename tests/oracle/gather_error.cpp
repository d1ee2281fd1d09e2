// One child of a gather fails. In Python its siblings run on unattended; here they are stopped and waited for first.
// SPDX-License-Identifier: MIT
#include "support/finally.hpp"
#include "support/oracle.hpp"

#include <chrono>
#include <stdexcept>
#include <string>

using namespace oracle;

namespace {

eddy::Task<> child(std::string name, std::chrono::seconds delay, bool fails = false) {
  trace("start", name);
  const Finally finally("left " + name);
  co_await eddy::sleep(delay);
  if (fails) throw std::invalid_argument(name + " failed");
  trace("done", name);
}

eddy::Task<> async_main() {
  try {
    co_await eddy::gather(child("a", 2s), child("b", 1s, true), child("c", 3s));
  } catch (const std::invalid_argument& error) {
    trace("main caught:", error.what());
  }
  co_await eddy::sleep(5s);
  trace("main ends");
}

}  // namespace

ORACLE_MAIN(async_main)
