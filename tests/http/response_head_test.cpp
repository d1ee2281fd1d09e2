// The head of a response: lines that go on, lines that look like others, and what of it an error may show.
//
// SPDX-License-Identifier: MIT
#include <eddy/http.hpp>

#include "support/http_server.hpp"
#include "support/run.hpp"

#include <string>
#include <utility>
#include <vector>

using namespace test;
namespace http = eddy::http;

namespace {

// Says these bytes, and keeps the connection.
HttpServer::Answer says(std::string bytes) {
  return [bytes](HttpExchange& exchange) -> eddy::Task<bool> {
    co_await exchange.stream.write(bytes);
    co_return true;
  };
}

}  // namespace

EDDY_TEST_CASE("a line that goes on belongs to its field, and is no field of its own", "[socket]") {
  auto server = co_await HttpServer::start(
      says("HTTP/1.1 200 OK\r\nX-First: a\r\n  Location: http://elsewhere/\r\n\t b\r\nContent-Length: 0\r\n"
           "X-Empty:\r\n \r\nX-Twice: 1\r\nx-twice: 2\r\n\r\n"));
  http::ClientSession session;
  const auto response = co_await session.get(server.url());
  CHECK_FALSE(response.headers().contains("location"));
  CHECK(response.headers().get("x-first") == "a Location: http://elsewhere/ b");
  CHECK(response.headers().get("x-empty") == "");
  CHECK(response.headers().get_all("x-twice") == std::vector<std::string_view>{"1", "2"});
  CHECK(response.headers().size() == 5);
  session.close();
  co_await server.close();
}

EDDY_TEST_CASE("a line that goes on without a field before it is no HTTP", "[socket]") {
  auto server = co_await HttpServer::start(says("HTTP/1.1 200 OK\r\n X-A: b\r\nContent-Length: 0\r\n\r\n"));
  http::ClientSession session;
  bool refused = false;
  try {
    const auto response = co_await session.get(server.url());
  } catch (const http::ProtocolError&) {
    refused = true;
  }
  CHECK(refused);
  session.close();
  co_await server.close();
}

EDDY_TEST_CASE("a status line is the first line of a head, and no other", "[socket]") {
  auto server = co_await HttpServer::start(
      says("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nHTTP/1.1 500 Not: so\r\nContent-Length: "
           "0\r\n\r\n"));
  http::ClientSession session;
  const auto response = co_await session.get(server.url());
  CHECK(response.status() == 200);
  CHECK(response.reason() == "OK");
  CHECK_FALSE(response.headers().contains("link"));
  session.close();
  co_await server.close();
}

EDDY_TEST_CASE("trailers are no fields of the head", "[socket]") {
  auto server = co_await HttpServer::start(
      says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-Trailer: y\r\n\r\n"));
  http::ClientSession session;
  for (int i = 0; i < 2; ++i) {
    auto response = co_await session.get(server.url());
    const auto text = co_await response.text();
    CHECK(text == "x");
    CHECK_FALSE(response.headers().contains("x-trailer"));
  }
  CHECK(server.connections() == 1);
  session.close();
  co_await server.close();
}

EDDY_TEST_CASE("what an error shows of a reason is one line", "[socket]") {
  auto server =
      co_await HttpServer::start(says("HTTP/1.1 404 No\x1b[31m\rERROR eddy: forged\r\nContent-Length: 0\r\n\r\n"));
  http::ClientSession session;
  const auto response = co_await session.get(server.url());
  try {
    response.raise_for_status();
    CHECK(false);
  } catch (const http::StatusError& error) {
    const std::string text = error.what();
    CHECK(text.find_first_of("\r\n\x1b") == std::string::npos);
    CHECK(text.ends_with("status 404 No [31m ERROR eddy: forged"));
  }
  session.close();
  co_await server.close();
}

EDDY_TEST_CASE("a redirect whose body does not come is followed all the same", "[socket][real]") {
  const auto redirect = [](HttpExchange& exchange) -> eddy::Task<bool> {
    if (exchange.target == "/there") {
      co_await exchange.reply(200, "there");
      co_return true;
    }
    co_await exchange.stream.write("HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 1000\r\n\r\n");
    for (;;) {
      co_await eddy::sleep(50ms);
      co_await exchange.stream.write(".");
    }
  };
  auto server = co_await HttpServer::start(redirect);
  http::ClientSession session;
  const auto start = now();
  auto response = co_await session.get(server.url());
  const auto text = co_await response.text();
  CHECK(text == "there");
  CHECK(now() - start < 5s);
  CHECK(server.connections() == 2);
  session.close();
  co_await server.close();
}

EDDY_TEST_CASE("a status that is an error is told, though its body does not come", "[socket][real]") {
  auto server = co_await HttpServer::start(says("HTTP/1.1 404 Not Found\r\nContent-Length: 1000\r\n\r\nno such"));
  http::ClientSession session(http::SessionOptions().raise_for_status());
  const auto start = now();
  std::string body;
  try {
    const auto response = co_await session.get(server.url());
  } catch (const http::StatusError& error) {
    body = error.body();
  }
  CHECK(body == "no such");
  CHECK(now() - start < 5s);
  CHECK(session.statistics().active == 0);
  session.close();
  co_await server.close();
}
