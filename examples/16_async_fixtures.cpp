// Fixtures with a set-up and a tear-down that wait, and fixtures that use fixtures.
//
// A fixture is a generator that yields once. `use` runs it up to the `co_yield` and gives what it yields; when the test has
// ended, whichever way, the fixture goes on behind the `co_yield`, the last one first. Python writes `@pytest.fixture` and
// `async with`; the Python program beside this one keeps an AsyncExitStack, as pytest does inside.
//
// SPDX-License-Identifier: MIT

#include <eddy/eddy.hpp>
#include <eddy/testing.hpp>

#include <fmt/format.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>

using namespace std::chrono_literals;

struct Response {
  int status;
};

/// Stands for aiohttp's ClientSession: `aenter` and `aexit` are its `async with`.
class ClientSession {
 public:
  eddy::Task<> aenter() {
    co_await eddy::sleep(50ms);
    fmt::print("session opened\n");
  }
  eddy::Task<> aexit() {
    co_await eddy::sleep(50ms);
    fmt::print("session closed\n");
  }
  eddy::Task<Response> get(std::string url) {
    fmt::print("GET {}\n", url);
    co_await eddy::sleep(50ms);
    co_return Response{200};
  }
};

eddy::AsyncGenerator<ClientSession&> async_client() {
  ClientSession session;
  co_await session.aenter();
  co_yield session;
  co_await session.aexit();
}

/// A fixture that uses another: it is torn down first.
eddy::AsyncGenerator<std::string> logged_in_user() {
  ClientSession& client = co_await eddy::testing::use(async_client());
  co_await client.get("https://example.com/login");
  std::string name = "alice";
  co_yield std::move(name);
  co_await client.get("https://example.com/logout");
}

EDDY_TEST_CASE("a test uses a fixture", "[example]") {
  ClientSession& client = co_await eddy::testing::use(async_client());
  const Response response = co_await client.get("https://example.com/get");
  CHECK(response.status == 200);
  fmt::print("status {}\n", response.status);
}

EDDY_TEST_CASE("a test uses a fixture that uses a fixture", "[example]") {
  const std::string& user = co_await eddy::testing::use(logged_in_user());
  CHECK(user == "alice");
  fmt::print("hello {}\n", user);
}

eddy::Task<> failing_test() {
  co_await eddy::testing::use(async_client());
  throw std::runtime_error("the test fails");
}

// EDDY_LOOP_TEST_CASE is no coroutine: it calls run_test itself.
EDDY_LOOP_TEST_CASE("fixtures are torn down when a test fails", "[example]") {
  try {
    eddy::testing::run_test(failing_test);
  } catch (const std::runtime_error& error) {
    fmt::print("{}\n", error.what());
  }
}
