// Cleanup that waits: a cancelled task takes as long as its cleanup does, nested cleanups run from the inside out.
// SPDX-License-Identifier: MIT
#include "support/oracle.hpp"

#include <chrono>
#include <string>
#include <vector>

using namespace oracle;

namespace {

eddy::Task<> clean_up(std::string name, std::chrono::seconds delay) {
  trace("cleaning up", name);
  co_await eddy::sleep(delay);
  trace("cleaned up", name);
}

eddy::Task<> inner(std::string name) { co_await eddy::try_finally(eddy::sleep(9s), clean_up("inner " + name, 2s)); }

eddy::Task<> outer(std::string name) {
  trace("start", name);
  co_await eddy::try_finally(inner(name), clean_up("outer " + name, 1s));
}

eddy::Task<> async_main() {
  auto a = eddy::create_task(outer("a"));
  co_await eddy::sleep(1s);
  auto b = eddy::create_task(outer("b"));
  co_await eddy::sleep(1s);
  a.cancel();
  co_await eddy::sleep(1s);
  b.cancel();
  trace("done:", a.done(), b.done());
  const std::vector<eddy::TaskHandle<>> wait_a{a};
  (void)co_await eddy::wait(wait_a);
  trace("done:", a.done(), b.done());
  const std::vector<eddy::TaskHandle<>> wait_b{b};
  (void)co_await eddy::wait(wait_b);
  trace("cancelled:", a.cancelled(), b.cancelled());
}

}  // namespace

ORACLE_MAIN(async_main)
