// Tests of eddy/base/version.hpp.
// SPDX-License-Identifier: MIT
#include <eddy/base/version.hpp>

#include "support/catch.hpp"

#include <string>

TEST_CASE("the build reads the project's version out of the header", "[base]") {
  std::string const header = std::to_string(EDDY_VERSION_MAJOR) + "." + std::to_string(EDDY_VERSION_MINOR) + "." +
                             std::to_string(EDDY_VERSION_PATCH);
  REQUIRE(header == EDDY_TEST_PROJECT_VERSION);
}

TEST_CASE("eddy::version and EDDY_VERSION hold the numbers of the macros", "[base]") {
  constexpr eddy::Version number = eddy::version;
  CHECK(number.major_number == EDDY_VERSION_MAJOR);
  CHECK(number.minor_number == EDDY_VERSION_MINOR);
  CHECK(number.patch_number == EDDY_VERSION_PATCH);
  CHECK(EDDY_VERSION == 10000 * number.major_number + 100 * number.minor_number + number.patch_number);
}
