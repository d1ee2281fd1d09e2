// Tests of eddy/base/outcome.hpp.
// SPDX-License-Identifier: MIT
#include <eddy/base/outcome.hpp>

#include "support/catch.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>

namespace {

struct NoDefault {
  explicit NoDefault(int n) : number(n) {}
  int number;
};

template <class T>
int states(const eddy::Outcome<T>& outcome) {
  return int{outcome.has_value()} + int{outcome.has_exception()} + int{outcome.cancelled()};
}

}  // namespace

TEST_CASE("an outcome with a value gives it, and says so", "[base]") {
  auto outcome = eddy::Outcome<std::string>::from_value(3, 'x');
  CHECK(states(outcome) == 1);
  CHECK(outcome.has_value());
  CHECK(outcome);
  CHECK(outcome.value() == "xxx");
  CHECK(*outcome == "xxx");
  CHECK(outcome->size() == 3);
  CHECK(outcome.exception() == nullptr);
  CHECK(outcome.what().empty());
  outcome.value() = "changed";
  CHECK(std::as_const(outcome).value() == "changed");
}

TEST_CASE("an outcome with an exception throws it wherever the value is asked for", "[base]") {
  auto outcome = eddy::Outcome<int>::from_exception(std::make_exception_ptr(std::out_of_range("too far")));
  CHECK(states(outcome) == 1);
  CHECK(outcome.has_exception());
  CHECK_FALSE(outcome);
  CHECK(outcome.what() == "too far");
  CHECK_THROWS_AS(outcome.value(), std::out_of_range);
  CHECK_THROWS_AS(*outcome, std::out_of_range);
  CHECK_THROWS_AS(std::as_const(outcome).value(), std::out_of_range);
  CHECK_THROWS_AS(std::move(outcome).value(), std::out_of_range);
}

TEST_CASE("an outcome of cancelled work is no exception of its own, and its value throws CancelledError", "[base]") {
  const auto outcome = eddy::Outcome<int>::from_cancelled(std::make_exception_ptr(eddy::CancelledError("enough")));
  CHECK(states(outcome) == 1);
  CHECK(outcome.cancelled());
  CHECK_FALSE(outcome.has_exception());
  CHECK(outcome.what() == "enough");
  CHECK_THROWS_AS(outcome.value(), eddy::CancelledError);
}

TEST_CASE("an outcome of void holds nothing but that it ended", "[base]") {
  auto outcome = eddy::Outcome<void>::from_value();
  CHECK(states(outcome) == 1);
  CHECK(outcome.has_value());
  CHECK_NOTHROW(outcome.value());
  STATIC_REQUIRE(std::is_void_v<decltype(outcome.value())>);
  CHECK_THROWS_AS(eddy::Outcome<void>::from_exception(std::make_exception_ptr(1)).value(), int);
}

TEST_CASE("an outcome of a reference refers to the very object", "[base]") {
  int number = 1;
  auto outcome = eddy::Outcome<int&>::from_value(&number);
  STATIC_REQUIRE(std::is_same_v<decltype(outcome.value()), int&>);
  CHECK(&outcome.value() == &number);
  CHECK(&*outcome == &number);
  CHECK(&std::move(outcome).value() == &number);
}

TEST_CASE("an outcome holds what can only be moved and what has no default constructor", "[base]") {
  auto pointer = eddy::Outcome<std::unique_ptr<int>>::from_value(std::make_unique<int>(4));
  std::unique_ptr<int> taken = std::move(pointer).value();
  CHECK(*taken == 4);
  auto plain = eddy::Outcome<NoDefault>::from_value(5);
  CHECK(plain->number == 5);
}

TEST_CASE("the text of an exception is its what(), or a sentence if it has none", "[base]") {
  CHECK(eddy::detail::describe_exception(std::make_exception_ptr(std::runtime_error("why"))) == "why");
  CHECK(eddy::detail::describe_exception(std::make_exception_ptr(42)) ==
        "an exception that does not derive from std::exception");
  CHECK(eddy::detail::describe_exception(nullptr).empty());
}
