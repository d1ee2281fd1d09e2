// Mocks of coroutine functions.
//
// AsyncMock<R(Args...)> is a coroutine function that does what the test tells it to and remembers how it was called. It goes
// wherever a coroutine function goes; copies share what they remember, so one can be given away and another asked. Its
// names are those of Python's unittest.mock.AsyncMock.
//
// SPDX-License-Identifier: MIT

#include <eddy/eddy.hpp>
#include <eddy/testing.hpp>

#include <fmt/format.h>

#include <chrono>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using eddy::testing::AsyncMock;

using Json = std::map<std::string, std::string>;

std::exception_ptr failure(const char* text) { return std::make_exception_ptr(std::runtime_error(text)); }

EDDY_TEST_CASE("a mock gives what it was told", "[example]") {
  AsyncMock<Json()> mock_func;
  Json data;
  data["data"] = "test";
  mock_func.return_value(data);

  const Json result = co_await mock_func();
  CHECK(result == data);
  mock_func.assert_called_once();
  fmt::print("data: {}\n", result.at("data"));
}

EDDY_TEST_CASE("a mock fails twice, and an hour of retries takes no time", "[example]") {
  AsyncMock<std::string(std::string)> fetch;
  fetch.side_effect({failure("down"), failure("still down"), "up"});

  const auto start = eddy::get_running_loop().time();
  const std::string result = co_await eddy::retry({.max_attempts = 5, .delay = 20min}, fetch, "https://example.com");
  CHECK(result == "up");
  CHECK(eddy::get_running_loop().time() - start == 1h);
  CHECK(fetch.await_count() == 3);
  fetch.assert_called_with("https://example.com");
  fmt::print("{} after {} calls\n", result, fetch.await_count());
}

EDDY_TEST_CASE("a mock computes what it gives, and remembers its calls", "[example]") {
  AsyncMock<std::string(int)> fetch_user;
  fetch_user.side_effect([](int id) { return "User" + std::to_string(id); });

  const auto [first, second] = co_await eddy::gather(fetch_user(1), fetch_user(2));
  CHECK(first == "User1");
  fmt::print("{}, {}\n", first, second);
  for (const auto& [id] : fetch_user.calls()) fmt::print("called with {}\n", id);
  fetch_user.assert_any_call(1);
  fetch_user.reset();
  fetch_user.assert_not_called();
}

EDDY_TEST_CASE("an assertion that does not hold says why", "[example]") {
  AsyncMock<int()> mock_func;
  co_await mock_func();
  co_await mock_func();
  try {
    mock_func.assert_called_once();
  } catch (const eddy::testing::AssertionError&) {
    fmt::print("called {} times\n", mock_func.call_count());
  }
}
