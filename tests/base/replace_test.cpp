// Tests of eddy/base/replace.hpp.
// SPDX-License-Identifier: MIT
#include <eddy/base/replace.hpp>

#include "support/catch.hpp"

using eddy::detail::replace;

TEST_CASE("replace puts the new pointer in and gives the old one", "[base]") {
  int one = 1;
  int two = 2;
  int* place = &one;
  CHECK(replace(place, &two) == &one);
  CHECK(place == &two);
  CHECK(replace(place, nullptr) == &two);
  CHECK(place == nullptr);
}

TEST_CASE("replace takes pointers to functions", "[base]") {
  int (*place)(int) = [](int value) { return value + 1; };
  int (*const taken)(int) = replace(place, nullptr);
  CHECK(taken(1) == 2);
  CHECK(place == nullptr);
}
