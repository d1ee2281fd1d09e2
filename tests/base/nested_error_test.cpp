// Tests of eddy/base/nested_error.hpp.
// SPDX-License-Identifier: MIT
#include <eddy/base/nested_error.hpp>
#include <eddy/base/outcome.hpp>

#include "support/catch.hpp"

#include <stdexcept>
#include <string>
#include <system_error>

namespace {

struct OwnError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Throws `error` over a displaced "first", and says what came of it: "type-kept/what/nested what/reported".
template <class E>
std::string displace(E error, bool with_displaced = true) {
  std::string reported = "-";
  const auto report = [&](const std::exception_ptr& displaced) {
    reported = eddy::detail::describe_exception(displaced);
  };
  const auto displaced = with_displaced ? std::make_exception_ptr(std::domain_error("first")) : std::exception_ptr();
  try {
    eddy::detail::throw_displacing(std::make_exception_ptr(error), displaced, report);
  } catch (const E& e) {
    std::string text = e.what();
    try {
      std::rethrow_if_nested(e);
      text += "/-";
    } catch (const std::domain_error& nested) {
      text += std::string("/") + nested.what();
    }
    return text + "/" + reported;
  }
}

}  // namespace

TEST_CASE("an exception that takes another's place carries it nested and keeps its own type", "[base]") {
  CHECK(displace(std::runtime_error("second")) == "second/first/-");
  CHECK(displace(std::invalid_argument("second")) == "second/first/-");
  CHECK(displace(std::out_of_range("second")) == "second/first/-");
  CHECK(displace(eddy::RuntimeError("second")) == "second/first/-");
  CHECK(displace(eddy::TimeoutError("second")) == "second/first/-");
  CHECK(displace(eddy::CancelledError("second")) == "second/first/-");
  CHECK(displace(eddy::InvalidStateError("second")) == "second/first/-");
  CHECK(displace(eddy::BusyResourceError("second")) == "second/first/-");
}

TEST_CASE("a system_error keeps its code when another exception is nested into it", "[base]") {
  const std::error_code code(EPIPE, std::generic_category());
  try {
    eddy::detail::throw_displacing(std::make_exception_ptr(std::system_error(code, "write")),
                                   std::make_exception_ptr(1), [](std::exception_ptr) {});
  } catch (const std::system_error& e) {
    CHECK(e.code() == code);
    CHECK_THROWS_AS(std::rethrow_if_nested(e), int);
  }
}

TEST_CASE("an exception of an unknown type is thrown as it is, and what it displaces is reported", "[base]") {
  CHECK(displace(OwnError("second")) == "second/-/first");
}

TEST_CASE("an exception that displaces nothing is thrown as it is", "[base]") {
  CHECK(displace(std::runtime_error("only"), false) == "only/-/-");
  CHECK(displace(OwnError("only"), false) == "only/-/-");
}
