// Tests of eddy/base/scope_exit.hpp.
// SPDX-License-Identifier: MIT
#include <eddy/base/scope_exit.hpp>

#include "support/catch.hpp"

#include <memory>
#include <stdexcept>
#include <utility>

using eddy::detail::ScopeExit;

TEST_CASE("the callable runs once, when its scope ends and not before", "[base]") {
  int runs = 0;
  {
    const ScopeExit count([&runs] { ++runs; });
    CHECK(runs == 0);
  }
  CHECK(runs == 1);
}

TEST_CASE("the callable also runs when an exception leaves its scope", "[base]") {
  int runs = 0;
  const auto fail = [&runs] {
    const ScopeExit count([&runs] { ++runs; });
    throw std::runtime_error("no");
  };
  CHECK_THROWS_AS(fail(), std::runtime_error);
  CHECK(runs == 1);
}

TEST_CASE("a callable that can only be moved is kept, and destroyed with its scope", "[base]") {
  auto value = std::make_shared<int>(1);
  const std::weak_ptr<int> alive = value;
  int seen = 0;
  {
    const ScopeExit read([owned = std::make_unique<std::shared_ptr<int>>(std::move(value)), &seen] { seen = **owned; });
    CHECK_FALSE(alive.expired());
  }
  CHECK(seen == 1);
  CHECK(alive.expired());
}
