// A second cancel during the cleanup: in Python it interrupts the cleanup, here it adds nothing to the first.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

#include <string>
#include <vector>

using namespace oracle;

namespace {

eddy::Task<> clean_up(std::string name) {
  trace("cleaning up", name);
  co_await eddy::sleep(2s);
  trace("cleaned up", name);
}

eddy::Task<> child(std::string name) {
  trace("start", name);
  co_await eddy::try_finally(eddy::sleep(9s), clean_up(name));
}

eddy::Task<> async_main() {
  auto a = eddy::create_task(child("a"));
  auto b = eddy::create_task(child("b"));
  co_await eddy::sleep(1s);
  const bool first = a.cancel();
  const bool second = b.cancel();
  trace("cancel:", first, second);
  co_await eddy::sleep(1s);
  trace("cancel again:", a.cancel());
  const std::vector<eddy::TaskHandle<>> wait_a{a};
  (void)co_await eddy::wait(wait_a);
  trace("a cancelled:", a.cancelled(), "b done:", b.done());
  const std::vector<eddy::TaskHandle<>> wait_b{b};
  (void)co_await eddy::wait(wait_b);
  trace("b cancelled:", b.cancelled(), "cancelling:", a.cancelling(), b.cancelling());
}

}  // namespace

ORACLE_MAIN(async_main)
