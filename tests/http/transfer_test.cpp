// Transfers that go wrong: servers that refuse, hang or talk nonsense, timeouts, and cancels at every phase.
//
// SPDX-License-Identifier: MIT
#include <eddy/http.hpp>
#include <eddy/io/tcp.hpp>

#include "support/http_server.hpp"
#include "support/run.hpp"

#include <cerrno>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

using namespace test;
namespace http = eddy::http;

namespace {

// What a request ends with, in words.
eddy::Task<std::string> end_of(eddy::Task<http::Response> request) {
  try {
    auto response = co_await std::move(request);
    const auto text = co_await response.text();
    co_return std::to_string(response.status()) + " " + text;
  } catch (const http::TimeoutError& error) {
    const char* const names[] = {"connect", "first_byte", "idle", "total"};
    co_return std::string("timeout ") + names[static_cast<int>(error.phase())];
  } catch (const http::ResolveError&) {
    co_return "resolve";
  } catch (const http::ConnectionError& error) {
    co_return "connection " + std::to_string(error.code().value());
  } catch (const http::TlsError&) {
    co_return "tls";
  } catch (const http::ProtocolError&) {
    co_return "protocol";
  }
}

// Says these bytes and closes, or hangs.
HttpServer::Answer saying(std::string bytes, bool hangs = false) {
  return [bytes, hangs](HttpExchange& exchange) -> eddy::Task<bool> {
    co_await exchange.stream.write(bytes);
    if (hangs) co_await eddy::sleep(1h);
    co_return false;
  };
}
eddy::Task<std::string> end_with(http::ClientSession& session, std::string bytes, http::RequestOptions options = {},
                                 bool hangs = false) {
  auto server = co_await HttpServer::start(saying(std::move(bytes), hangs));
  const auto end = co_await end_of(session.get(server.url(), std::move(options)));
  co_await server.close();
  co_return end;
}
// Waits for a task that was cancelled.
template <class T>
eddy::Task<> ended(eddy::TaskHandle<T> task) {
  while (!task.done()) co_await eddy::sleep(1ms);
}

}  // namespace

EDDY_TEST_CASE("each way in which a server fails has its own error, and the session goes on", "[socket]") {
  http::ClientSession session;
  const std::string reset = "connection " + std::to_string(ECONNRESET);
  std::vector<std::string> ends;
  ends.push_back(co_await end_with(session, ""));
  ends.push_back(co_await end_with(session, "HTTP/1.1 200 OK\r\nA: b"));
  ends.push_back(co_await end_with(session, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n123"));
  ends.push_back(co_await end_with(session, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"));
  CHECK(ends == std::vector<std::string>(4, reset));
  ends.clear();
  ends.push_back(co_await end_with(session, "nonsense\r\n\r\n"));
  ends.push_back(
      co_await end_with(session, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nzzzz"));
  ends.push_back(co_await end_with(session, "HTTP/1.1 200 OK\r\nA: " + std::string(2 << 20, 'a') + "\r\n\r\n"));
  CHECK(ends[0] == "protocol");
  CHECK(ends[1] == "protocol");
  CHECK(ends[2] != "200 ");
  const auto good =
      co_await end_with(session, "HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\nuntil the end");
  CHECK(good == "200 until the end");
  const auto refused = co_await end_of(session.get("http://127.0.0.1:1/"));
  CHECK(refused == "connection " + std::to_string(ECONNREFUSED));
  const auto unknown = co_await end_of(session.get("http://nowhere.invalid/"));
  CHECK(unknown == "resolve");
  CHECK(session.statistics().active == 0);
  CHECK(session.statistics().connections <= 1);  // one that ended in a head; it is looked at before it would be used
}

EDDY_TEST_CASE("errors say what was asked, and keep secrets to themselves", "[socket]") {
  http::ClientSession session;
  try {
    auto response = co_await session.get("http://user:secret@127.0.0.1:1/path?token=secret#secret");
    CHECK(false);
  } catch (const http::ClientError& error) {
    CHECK(error.method() == "GET");
    CHECK(error.url() == "http://127.0.0.1:1/path");
    CHECK(std::string(error.what()).find("secret") == std::string::npos);
    CHECK(std::string(error.what()).starts_with("eddy: GET http://127.0.0.1:1/path: "));
  }
}

EDDY_TEST_CASE("a server that speaks no TLS is a TLS error", "[socket]") {
  auto server = co_await HttpServer::start(saying("nonsense"));
  http::ClientSession session;
  const auto listen = [](eddy::SocketStream stream) -> eddy::Task<> {
    co_await stream.write("nonsense that is no TLS\r\n");
  };
  auto plain = co_await eddy::start_server(listen, "127.0.0.1", 0);
  const auto end = co_await end_of(session.get("https://127.0.0.1:" + std::to_string(plain.port()) + "/"));
  CHECK(end == "tls");
  plain.close();
  co_await plain.wait_closed();
  co_await server.close();
}

EDDY_TEST_CASE("each phase has its timeout", "[socket][real]") {
  http::ClientSession session;
  const auto silent = [](eddy::SocketStream stream) -> eddy::Task<> {
    const auto rest = co_await stream.read_all(1'000);
    (void)rest;
  };
  auto mute = co_await eddy::start_server(silent, "127.0.0.1", 0);
  const std::string at = std::to_string(mute.port());
  std::vector<std::string> ends;
  const auto with = [](http::Timeouts timeouts) { return http::RequestOptions().timeouts(timeouts); };
  const auto connect = with({.connect = 30ms});
  const auto first_byte = with({.first_byte = 30ms});
  const auto idle = with({.idle = 30ms});
  const auto total = with({.total = 30ms});
  ends.push_back(co_await end_of(session.get("https://127.0.0.1:" + at + "/", connect)));  // TLS gets no answer
  ends.push_back(co_await end_of(session.get("http://127.0.0.1:" + at + "/", first_byte)));
  ends.push_back(co_await end_of(session.get("http://127.0.0.1:" + at + "/", idle)));
  ends.push_back(co_await end_of(session.get("http://127.0.0.1:" + at + "/", total)));
  ends.push_back(co_await end_with(session, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", idle, true));
  ends.push_back(co_await end_with(session, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", total, true));
  CHECK(ends == std::vector<std::string>{"timeout connect", "timeout first_byte", "timeout idle", "timeout total",
                                         "timeout idle", "timeout total"});
  CHECK(session.statistics().connections == 0);
  try {
    auto response = co_await session.get("http://127.0.0.1:" + at + "/", http::RequestOptions().timeout(1ms));
  } catch (const eddy::TimeoutError& error) {
    CHECK(std::string(error.what()).find("took too long") != std::string::npos);
    CHECK(dynamic_cast<const http::TimeoutError&>(error).phase() == http::TimeoutPhase::total);
  }
  mute.close();
  mute.close_clients();
  co_await mute.wait_closed();
}

EDDY_TEST_CASE("the wait for a connection counts for the total, and a slow reader is not idle", "[socket][real]") {
  const auto slow = [](HttpExchange& exchange) -> eddy::Task<bool> {
    if (exchange.target == "/slow") co_await eddy::sleep(100ms);
    std::string body(exchange.target == "/large" ? 2U << 20 : 1U, 'x');
    co_await exchange.reply(200, std::move(body));
    co_return true;
  };
  auto server = co_await HttpServer::start(slow);
  http::ClientSession session(http::SessionOptions().limit(1));
  auto first = eddy::create_task(end_of(session.get(server.url("/slow"))));
  co_await eddy::sleep(10ms);
  const auto second = co_await end_of(session.get(server.url("/"), http::RequestOptions().timeout(20ms)));
  CHECK(second == "timeout total");
  CHECK(session.statistics().waiting == 0);
  const auto end = co_await first;
  CHECK(end == "200 x");
  CHECK(server.asked().size() == 1);
  const auto options = http::RequestOptions().timeouts({.idle = 300ms});
  auto response = co_await session.get(server.url("/large"), options);
  auto chunks = response.chunks();
  auto chunk = co_await chunks.next();
  std::size_t size = chunk->size();
  co_await eddy::sleep(600ms);
  while (auto more = co_await chunks.next()) size += more->size();
  CHECK(size == (2U << 20));
  session.close();
  co_await server.close();
}

EDDY_TEST_CASE("a transfer that is cancelled closes its connection, wherever it stands", "[socket]") {
  const auto hang = [](HttpExchange& exchange) -> eddy::Task<bool> {
    if (exchange.target == "/good") {
      co_await exchange.reply(200, "good");
      co_return true;
    }
    if (exchange.target == "/half") co_await exchange.stream.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    co_await eddy::sleep(1h);
    co_return false;
  };
  auto server = co_await HttpServer::start(hang);
  http::ClientSession session(http::SessionOptions().limit(2));
  for (const char* target : {"/none", "/half"}) {
    auto warm = co_await end_of(session.get(server.url("/good")));
    const int before = server.connections();
    const std::size_t asked = server.asked().size();
    auto task = eddy::create_task(end_of(session.get(server.url(target))));
    while (server.asked().size() == asked) co_await eddy::sleep(1ms);
    co_await eddy::sleep(5ms);
    CHECK(server.connections() == before);  // it used the one that was there
    CHECK(session.statistics().active == 1);
    task.cancel();
    co_await ended(task);
    CHECK(task.cancelled());
    CHECK(session.statistics().active == 0);
    CHECK(session.statistics().connections == 0);
    const auto good = co_await end_of(session.get(server.url("/good")));
    CHECK(good == "200 good");
    CHECK(server.connections() == before + 1);
  }
  // One that waits its turn leaves the line.
  auto one = eddy::create_task(end_of(session.get(server.url("/none"))));
  auto two = eddy::create_task(end_of(session.get(server.url("/none"))));
  while (session.statistics().active < 2) co_await eddy::sleep(1ms);
  auto three = eddy::create_task(end_of(session.get(server.url("/good"))));
  auto four = eddy::create_task(end_of(session.get(server.url("/good"))));
  while (session.statistics().waiting < 2) co_await eddy::sleep(1ms);
  three.cancel();
  one.cancel();
  const auto end = co_await four;
  CHECK(end == "200 good");
  two.cancel();
  co_await ended(one);
  co_await ended(two);
  co_await ended(three);
  CHECK(session.statistics().waiting == 0);
  CHECK(session.statistics().active == 0);
  session.close();
  co_await server.close();
}

EDDY_TEST_CASE("a connection that the server has closed meanwhile is replaced", "[socket]") {
  const auto once = [](HttpExchange& exchange) -> eddy::Task<bool> {
    co_await exchange.reply(200, "x");
    co_return false;
  };
  auto server = co_await HttpServer::start(once);
  http::ClientSession session;
  for (int i = 0; i < 5; ++i) {
    const auto end = co_await end_of(session.post(server.url(), http::RequestOptions().body("b")));
    CHECK(end == "200 x");
    if (i > 2) co_await eddy::sleep(2ms);
  }
  CHECK(server.connections() == 5);
  session.close();
  co_await server.close();
}
