// The testing kit without Catch2: run_test throws, and GoogleTest reports it. Built where GoogleTest is installed.
// SPDX-License-Identifier: MIT
#include <eddy/eddy.hpp>
#include <eddy/testing/async_mock.hpp>
#include <eddy/testing/run_test.hpp>
#include <eddy/testing/sweep.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <exception>

using namespace std::chrono_literals;

namespace {

eddy::Task<> retries() {
  eddy::testing::AsyncMock<int()> fetch;
  fetch.side_effect({std::make_exception_ptr(eddy::TimeoutError()), 7});
  const int result = co_await eddy::retry({.delay = 1h}, fetch);
  EXPECT_EQ(result, 7);
}

}  // namespace

TEST(Retry, TriesAgain) { eddy::testing::run_test(retries); }

TEST(Retry, TriesAgainInAnyOrder) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) eddy::testing::run_test(retries, {.seed = seed});
}

TEST(Retry, CanBeCancelledAnywhere) { EXPECT_GT(eddy::testing::for_each_cancellation_point(retries), 0U); }
