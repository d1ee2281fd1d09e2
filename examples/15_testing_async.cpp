// Tests whose bodies are coroutines.
//
// What pytest-asyncio is to pytest, <eddy/testing.hpp> is to Catch2: EDDY_TEST_CASE is a TEST_CASE whose body may
// `co_await`. It runs on a clock that jumps to the next deadline when nothing can run, so a test of a day takes no time
// and can assert how long it took. Catch2 has the last word on how tests are selected and reported.
//
// SPDX-License-Identifier: MIT

#include <eddy/eddy.hpp>
#include <eddy/testing.hpp>

#include <fmt/format.h>

#include <chrono>
#include <string>
#include <utility>

using namespace std::chrono_literals;

struct Response {
  int status_code;
};

/// Stands for an HTTP client.
class Client {
 public:
  eddy::Task<Response> get(std::string path) {
    fmt::print("GET {}\n", path);
    co_await eddy::sleep(200ms);
    co_return Response{200};
  }
};

/// A fixture: set-up, `co_yield`, tear-down.
eddy::AsyncGenerator<Client> async_client() {
  co_await eddy::sleep(100ms);  // to connect
  Client client;
  co_yield std::move(client);
  co_await eddy::sleep(100ms);  // to disconnect
}

EDDY_TEST_CASE("a simple test waits", "[example]") {
  co_await eddy::sleep(100ms);
  CHECK(true);
  fmt::print("a simple test has waited\n");
}

EDDY_TEST_CASE("a test uses an async fixture", "[example]") {
  Client& client = co_await eddy::testing::use(async_client());
  const Response response = co_await client.get("/api/data");
  CHECK(response.status_code == 200);
  fmt::print("status {}\n", response.status_code);
}

EDDY_TEST_CASE("a day passes at once", "[example]") {
  const auto start = eddy::get_running_loop().time();
  co_await eddy::sleep(24h);
  CHECK(eddy::get_running_loop().time() - start == 24h);
  fmt::print("a day has passed\n");
}
