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
