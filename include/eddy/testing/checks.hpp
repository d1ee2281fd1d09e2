// Catch2's assertions, for either of its versions, as the sweeps need them: what a check allocates is never let fail, and
// while a test is swept for crashes and leaks alone, checks are evaluated and not judged.
//
// Includes Catch2 and redefines its macros under their own names: CHECK, REQUIRE, CHECK_FALSE, REQUIRE_FALSE, the THROWS,
// NOTHROW and THAT families, CHECK_NOFAIL, SUCCEED, FAIL and FAIL_CHECK. `co_await` inside of one is an error of g++: await
// first, then check.
//
// SPDX-License-Identifier: MIT
#pragma once

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

#include <eddy/testing/allocations.hpp>
#include <eddy/testing/disturbance.hpp>

namespace eddy::inline EDDY_ABI::testing::detail {

// Thrown where a REQUIRE would have ended a test whose checks are not judged.
struct Abandoned {};

[[nodiscard]] inline bool judged() noexcept {
  const Disturbance* disturbance = Disturbance::current();
  return disturbance == nullptr || !disturbance->muted;
}
inline void need(bool holds) {
  if (!holds) throw Abandoned();
}

}  // namespace eddy::inline EDDY_ABI::testing::detail

#define EDDY_TESTING_CHECK(judge, evaluate)                          \
  do {                                                               \
    const ::eddy::testing::AllocationsSucceed eddy_testing_pause;    \
    if (::eddy::testing::detail::judged()) {                         \
      judge;                                                         \
    } else {                                                         \
      evaluate;                                                      \
    }                                                                \
  } while (false)
#define EDDY_TESTING_EVALUATE(expression) \
  try {                                   \
    expression;                           \
  } catch (...) {                         \
  }

#undef CHECK
#undef REQUIRE
#undef CHECK_FALSE
#undef REQUIRE_FALSE
#undef CHECK_THROWS
#undef REQUIRE_THROWS
#undef CHECK_THROWS_AS
#undef REQUIRE_THROWS_AS
#undef CHECK_THROWS_WITH
#undef REQUIRE_THROWS_WITH
#undef CHECK_NOTHROW
#undef REQUIRE_NOTHROW
#undef CHECK_THROWS_MATCHES
#undef REQUIRE_THROWS_MATCHES
#undef CHECK_NOFAIL
#undef CHECK_THAT
#undef REQUIRE_THAT
#undef SUCCEED
#undef FAIL
#undef FAIL_CHECK

#define CHECK(...)                                                                                           \
  EDDY_TESTING_CHECK(INTERNAL_CATCH_TEST("CHECK", Catch::ResultDisposition::ContinueOnFailure, __VA_ARGS__), \
                     static_cast<void>(static_cast<bool>(__VA_ARGS__)))
#define REQUIRE(...)                                                                                  \
  EDDY_TESTING_CHECK(INTERNAL_CATCH_TEST("REQUIRE", Catch::ResultDisposition::Normal, __VA_ARGS__),   \
                     ::eddy::testing::detail::need(static_cast<bool>(__VA_ARGS__)))
#define CHECK_FALSE(...)                                                                                             \
  EDDY_TESTING_CHECK(INTERNAL_CATCH_TEST("CHECK_FALSE",                                                              \
                                         Catch::ResultDisposition::ContinueOnFailure |                               \
                                             Catch::ResultDisposition::FalseTest, __VA_ARGS__),                      \
                     static_cast<void>(static_cast<bool>(__VA_ARGS__)))
#define REQUIRE_FALSE(...)                                                                                             \
  EDDY_TESTING_CHECK(                                                                                                  \
      INTERNAL_CATCH_TEST("REQUIRE_FALSE", Catch::ResultDisposition::Normal | Catch::ResultDisposition::FalseTest,     \
                          __VA_ARGS__),                                                                                \
      ::eddy::testing::detail::need(!static_cast<bool>(__VA_ARGS__)))
#define CHECK_THROWS(...)                                                                                             \
  EDDY_TESTING_CHECK(INTERNAL_CATCH_THROWS("CHECK_THROWS", Catch::ResultDisposition::ContinueOnFailure, __VA_ARGS__), \
                     EDDY_TESTING_EVALUATE(static_cast<void>(__VA_ARGS__)))
#define REQUIRE_THROWS(...)                                                                                  \
  EDDY_TESTING_CHECK(INTERNAL_CATCH_THROWS("REQUIRE_THROWS", Catch::ResultDisposition::Normal, __VA_ARGS__), \
                     EDDY_TESTING_EVALUATE(static_cast<void>(__VA_ARGS__)))
#define CHECK_THROWS_AS(expr, type)                                                                              \
  EDDY_TESTING_CHECK(                                                                                            \
      INTERNAL_CATCH_THROWS_AS("CHECK_THROWS_AS", type, Catch::ResultDisposition::ContinueOnFailure, expr),      \
      EDDY_TESTING_EVALUATE(static_cast<void>(expr)))
#define REQUIRE_THROWS_AS(expr, type)                                                                     \
  EDDY_TESTING_CHECK(INTERNAL_CATCH_THROWS_AS("REQUIRE_THROWS_AS", type, Catch::ResultDisposition::Normal, expr), \
                     EDDY_TESTING_EVALUATE(static_cast<void>(expr)))
#define CHECK_THROWS_WITH(expr, matcher)                                                                             \
  EDDY_TESTING_CHECK(INTERNAL_CATCH_THROWS_STR_MATCHES("CHECK_THROWS_WITH", Catch::ResultDisposition::ContinueOnFailure, \
                                                       matcher, expr),                                               \
                     EDDY_TESTING_EVALUATE(static_cast<void>(expr)))
#define REQUIRE_THROWS_WITH(expr, matcher)                                                                       \
  EDDY_TESTING_CHECK(                                                                                            \
      INTERNAL_CATCH_THROWS_STR_MATCHES("REQUIRE_THROWS_WITH", Catch::ResultDisposition::Normal, matcher, expr), \
      EDDY_TESTING_EVALUATE(static_cast<void>(expr)))
#define CHECK_THROWS_MATCHES(expr, type, matcher)                                                                    \
  EDDY_TESTING_CHECK(INTERNAL_CATCH_THROWS_MATCHES("CHECK_THROWS_MATCHES", type,                                     \
                                                   Catch::ResultDisposition::ContinueOnFailure, matcher, expr),      \
                     EDDY_TESTING_EVALUATE(static_cast<void>(expr)))
#define REQUIRE_THROWS_MATCHES(expr, type, matcher)                                                                  \
  EDDY_TESTING_CHECK(                                                                                                \
      INTERNAL_CATCH_THROWS_MATCHES("REQUIRE_THROWS_MATCHES", type, Catch::ResultDisposition::Normal, matcher, expr), \
      EDDY_TESTING_EVALUATE(static_cast<void>(expr)))
#define CHECK_NOFAIL(...)                                                                                            \
  EDDY_TESTING_CHECK(INTERNAL_CATCH_TEST("CHECK_NOFAIL",                                                             \
                                         Catch::ResultDisposition::ContinueOnFailure |                               \
                                             Catch::ResultDisposition::SuppressFail, __VA_ARGS__),                   \
                     static_cast<void>(static_cast<bool>(__VA_ARGS__)))
#define CHECK_NOTHROW(...)                                                                                               \
  EDDY_TESTING_CHECK(INTERNAL_CATCH_NO_THROW("CHECK_NOTHROW", Catch::ResultDisposition::ContinueOnFailure, __VA_ARGS__), \
                     EDDY_TESTING_EVALUATE(static_cast<void>(__VA_ARGS__)))
#define REQUIRE_NOTHROW(...)                                                                                    \
  EDDY_TESTING_CHECK(INTERNAL_CATCH_NO_THROW("REQUIRE_NOTHROW", Catch::ResultDisposition::Normal, __VA_ARGS__), \
                     EDDY_TESTING_EVALUATE(static_cast<void>(__VA_ARGS__)))
#define CHECK_THAT(value, matcher)                                                                                  \
  EDDY_TESTING_CHECK(INTERNAL_CHECK_THAT("CHECK_THAT", matcher, Catch::ResultDisposition::ContinueOnFailure, value), \
                     static_cast<void>(value))
#define REQUIRE_THAT(value, matcher)                                                                      \
  EDDY_TESTING_CHECK(INTERNAL_CHECK_THAT("REQUIRE_THAT", matcher, Catch::ResultDisposition::Normal, value), \
                     static_cast<void>(value))
#define SUCCEED(...)                                                                                                 \
  EDDY_TESTING_CHECK(INTERNAL_CATCH_MSG("SUCCEED", Catch::ResultWas::Ok, Catch::ResultDisposition::ContinueOnFailure, \
                                        __VA_ARGS__), )
#define FAIL(...)                                                                                                      \
  EDDY_TESTING_CHECK(INTERNAL_CATCH_MSG("FAIL", Catch::ResultWas::ExplicitFailure, Catch::ResultDisposition::Normal,   \
                                        __VA_ARGS__),                                                                  \
                     ::eddy::testing::detail::need(false))
#define FAIL_CHECK(...)                                                                               \
  EDDY_TESTING_CHECK(INTERNAL_CATCH_MSG("FAIL_CHECK", Catch::ResultWas::ExplicitFailure,              \
                                        Catch::ResultDisposition::ContinueOnFailure, __VA_ARGS__), )
