// A million of everything on a small stack: completions, await chains, nested gathers, and their cancellation.
//
// The stack limit is 8 MiB; one that grew by a few bytes for each of a million steps would overflow it.
//
// SPDX-License-Identifier: MIT
#include "support/run.hpp"

using namespace test;

namespace {

constexpr int kMany = 1'000'000;

eddy::Task<int> one() { co_return 1; }

eddy::Task<int> chain(int depth) {
  if (depth == 0) co_return 0;
  const int below = co_await chain(depth - 1);
  co_return below + 1;
}

eddy::Task<int> chain_that_yields(int depth) {
  if (depth == 0) {
    co_await eddy::yield();
    co_return 0;
  }
  const int below = co_await chain_that_yields(depth - 1);
  co_return below + 1;
}

eddy::Task<int> chain_that_throws(int depth) {
  if (depth == 0) throw std::runtime_error("at the bottom");
  const int below = co_await chain_that_throws(depth - 1);
  co_return below + 1;
}

eddy::Task<> chain_that_sleeps(int depth) {
  const Tracked tracked;
  if (depth == 0) {
    co_await eddy::sleep(1h);
  } else {
    co_await chain_that_sleeps(depth - 1);
  }
}

eddy::Task<> nested_gathers(int depth) {
  const Tracked tracked;
  if (depth == 0) {
    co_await eddy::sleep(1h);
  } else {
    co_await eddy::gather(nested_gathers(depth - 1));
  }
}

eddy::Task<int> nested_timeouts(int depth) {
  if (depth == 0) {
    co_await eddy::sleep(1h);
    co_return 0;
  }
  const int below = co_await eddy::timeout(2h, nested_timeouts(depth - 1));
  co_return below + 1;
}

}  // namespace

EDDY_LOOP_TEST_CASE("a million tasks that complete at once are awaited on a flat stack", "[c40][deep]") {
  const int sum = run_virtual([]() -> eddy::Task<int> {
    int total = 0;
    for (int i = 0; i < kMany; ++i) total += co_await one();
    co_return total;
  });
  CHECK(sum == kMany);
}

EDDY_LOOP_TEST_CASE("a chain of a million awaits completes on a flat stack", "[c40][c41][deep]") {
  CHECK(run_virtual([] { return chain(kMany); }) == kMany);
  CHECK(run_virtual([] { return chain_that_yields(kMany); }) == kMany);
}

EDDY_LOOP_TEST_CASE("an exception climbs a long chain of awaits on a flat stack", "[deep]") {
  CHECK_THROWS_WITH(run_virtual([] { return chain_that_throws(kMany / 10); }), "at the bottom");
}

EDDY_TEST_CASE("cancelling a chain of a million awaits destroys each frame once on a flat stack", "[c69][deep]") {
  auto task = eddy::create_task(chain_that_sleeps(kMany));
  co_await eddy::yield();
  CHECK(Tracked::alive == kMany + 1);
  task.cancel();
  co_await eddy::yield();
  CHECK(task.cancelled());
  CHECK(Tracked::alive == 0);
}

EDDY_TEST_CASE("cancelling a million nested gathers ends each child once on a flat stack", "[c69][deep]") {
  auto task = eddy::create_task(nested_gathers(kMany));
  co_await eddy::yield();
  CHECK(Tracked::alive == kMany + 1);
  task.cancel();
  while (!task.done()) co_await eddy::yield();
  CHECK(task.cancelled());
  CHECK(Tracked::alive == 0);
}

EDDY_LOOP_TEST_CASE("a hundred thousand nested timeouts complete on a flat stack", "[c69][deep]") {
  CHECK(run_virtual([] { return nested_timeouts(kMany / 10); }) == kMany / 10);
}

EDDY_LOOP_TEST_CASE("a gather of a million tasks completes on a flat stack", "[deep]") {
  const std::size_t count = run_virtual([]() -> eddy::Task<std::size_t> {
    std::vector<eddy::Task<int>> tasks;
    for (int i = 0; i < kMany; ++i) tasks.push_back(one());
    const std::vector<int> results = co_await eddy::gather(std::move(tasks));
    co_return results.size();
  });
  CHECK(count == kMany);
}

EDDY_LOOP_TEST_CASE("a task that is left suspended in a long chain is destroyed with its loop on a flat stack",
                    "[deep]") {
  run_virtual([]() -> eddy::Task<> {
    (void)eddy::create_task(chain_that_sleeps(kMany / 10));
    co_await eddy::yield();
  });
  CHECK(Tracked::alive == 0);
}
