// Tests of eddy/testing/leak_check.hpp.
// SPDX-License-Identifier: MIT
#include <eddy/testing/leak_check.hpp>

#include "support/run.hpp"

#include <fcntl.h>
#include <optional>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

using eddy::testing::LeakCheck;

namespace {

eddy::Task<int> number() { co_return 1; }

std::string said(const LeakCheck& leaks) {
  try {
    leaks.check();
  } catch (const eddy::testing::TestFailure& error) {
    return error.what();
  }
  return "nothing";
}

}  // namespace

EDDY_LOOP_TEST_CASE("a frame that is left is found, and one that is destroyed is not", "[testing]") {
  const LeakCheck leaks;
  CHECK(said(leaks) == "nothing");
  {
    const auto kept = number();
    CHECK(said(leaks) == "frames of tasks that are left, or freed twice: 1");
    const auto second = number();
    CHECK(said(leaks) == "frames of tasks that are left, or freed twice: 2");
  }
  CHECK(said(leaks) == "nothing");
}

EDDY_LOOP_TEST_CASE("a descriptor that is left open is found", "[testing]") {
  const LeakCheck leaks;
  const int descriptor = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  REQUIRE(descriptor >= 0);
  CHECK(said(leaks) == "descriptors that are left open: 1");
  ::close(descriptor);
  CHECK(said(leaks) == "nothing");
}

EDDY_LOOP_TEST_CASE("what a loop keeps is given back when it ends", "[testing]") {
  const LeakCheck leaks;
  const auto body = []() -> eddy::Task<> {
    std::vector<eddy::TaskHandle<int>> tasks;
    for (int i = 0; i < 100; ++i) tasks.push_back(eddy::create_task(number()));
    for (auto& task : tasks) co_await task;
  };
  eddy::run(body());
  CHECK(said(leaks) == "nothing");
}

EDDY_LOOP_TEST_CASE("frames of before and checks inside of checks are told apart", "[testing]") {
  std::optional<eddy::Task<int>> before(number());
  const LeakCheck outer;
  std::optional<eddy::Task<int>> kept(number());
  {
    const LeakCheck inner;
    CHECK(said(inner) == "nothing");
    CHECK(said(outer) == "frames of tasks that are left, or freed twice: 1");
    kept.reset();
    CHECK(said(inner) == "frames of tasks that are left, or freed twice: -1");
  }
  CHECK(said(outer) == "nothing");
  before.reset();
}

EDDY_LOOP_TEST_CASE("frames of other threads are not this thread's", "[testing]") {
  const LeakCheck leaks;
  std::thread([] {
    const auto own = number();
    (void)own.valid();
  }).join();
  CHECK(said(leaks) == "nothing");
}

EDDY_LOOP_TEST_CASE("while a LeakCheck lives each frame is an allocation, and after it frames are kept again", "[testing]") {
  {
    const LeakCheck leaks;
    const auto before = eddy::testing::allocations();
    { const auto first = number(); }
    { const auto second = number(); }
    CHECK(eddy::testing::allocations() - before == 2);
  }
  CHECK(eddy::testing::allocations_are_counted());
}
