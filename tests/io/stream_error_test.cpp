// The errors of streams: what they carry, and what they say.
//
// SPDX-License-Identifier: MIT
#include "support/run.hpp"
#include <eddy/io/stream_error.hpp>

#include <stdexcept>
#include <string>
#include <type_traits>

TEST_CASE("IncompleteReadError has what came and how much was asked for", "[stream]") {
  const eddy::IncompleteReadError counted("abc", 10);
  CHECK(counted.partial() == "abc");
  CHECK(counted.expected() == 10);
  CHECK(std::string(counted.what()) == "the stream ended after 3 bytes of 10");
  const eddy::IncompleteReadError open("");
  CHECK(open.partial().empty());
  CHECK(open.expected() == 0);
  CHECK(std::string(open.what()) == "the stream ended after 0 bytes");
}

TEST_CASE("LimitOverrunError has the limit and how much may be skipped", "[stream]") {
  const eddy::LimitOverrunError error(100, 120);
  CHECK(error.limit() == 100);
  CHECK(error.consumed() == 120);
  CHECK(std::string(error.what()) == "eddy: the limit of 100 bytes is exceeded; nothing was taken, so it can be read with a larger limit");
}

TEST_CASE("the errors of streams are runtime errors", "[stream]") {
  STATIC_REQUIRE(std::is_base_of_v<std::runtime_error, eddy::IncompleteReadError>);
  STATIC_REQUIRE(std::is_base_of_v<std::runtime_error, eddy::LimitOverrunError>);
  STATIC_REQUIRE(std::is_base_of_v<std::runtime_error, eddy::ClosedResourceError>);
  CHECK(std::string(eddy::ClosedResourceError("text").what()) == "text");
}
