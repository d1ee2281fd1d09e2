// Servers that fall silent: each phase of a request ends in the timeout that was set, and its text says what was going on.
//
// A lookup that hangs is in hanging_lookup.cpp, what hangs in TLS in transfer_tls_test.cpp.
//
// SPDX-License-Identifier: MIT
#include <eddy/http.hpp>

#include "support/http_server.hpp"
#include "support/run.hpp"
#include "support/sockets.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

using namespace test;
namespace http = eddy::http;
using Phase = http::TimeoutPhase;

namespace {

constexpr auto kLimit = 30ms;

http::RequestOptions limited(Phase phase) {
  http::Timeouts limits{.total = std::nullopt, .connect = std::nullopt};
  (phase == Phase::connect      ? limits.connect
   : phase == Phase::first_byte ? limits.first_byte
   : phase == Phase::idle       ? limits.idle
                                : limits.total) = kLimit;
  return http::RequestOptions().timeouts(limits);
}

// That a request ends in this timeout, with this text behind its method and URL.
eddy::Task<> check_timeout(http::ClientSession& session, std::string method, std::string url,
                           http::RequestOptions options, Phase phase, std::string text) {
  INFO(method << " " << url << " is to be " << text);
  const auto start = now();
  try {
    auto response = co_await session.request(method, url, std::move(options));
    const auto body = co_await response.text();
    FAIL_CHECK("it gave " << response.status() << " " << body);
  } catch (const http::TimeoutError& error) {
    CHECK(error.phase() == phase);
    CHECK(error.what() == "eddy: " + method + " " + url + ": timed out while " + text);
    CHECK(error.method() == method);
    CHECK(error.url() == url);
    CHECK(now() - start >= kLimit);
    CHECK(now() - start < 5s);  // on a busy machine
  }
  CHECK(session.statistics().active == 0);
  CHECK(session.statistics().connections == 0);
}

eddy::AsyncGenerator<std::string> letters(std::size_t count) {
  for (std::size_t left = count; left > 0;) {
    std::string part(std::min<std::size_t>(left, 100'000), 'a');
    left -= part.size();
    co_yield std::move(part);
  }
}

// Says these bytes, and nothing more.
HttpServer::Answer saying(std::string bytes) {
  return [bytes](HttpExchange& exchange) -> eddy::Task<bool> {
    if (exchange.target == "/good") {
      co_await exchange.reply(200, "good", "Connection: close\r\n");
      co_return false;
    }
    co_await exchange.stream.write(bytes);
    co_await eddy::sleep(1h);
    co_return false;
  };
}

const std::string kIdle = ": nothing came and nothing went";
const std::string kTotal = ": all of it took too long";

}  // namespace

EDDY_TEST_CASE("a connection that nobody takes, or makes ready, ends in the timeout of connecting", "[socket][real]") {
  const auto full = RawListener::full();
  const RawListener silent;
  const std::string at_full = "http://127.0.0.1:" + std::to_string(full.address().port()) + "/";
  const std::string at_silent = "https://127.0.0.1:" + std::to_string(silent.address().port()) + "/";
  const std::string agreeing = "agreeing on TLS, or with the proxy";
  http::ClientSession session;
  co_await check_timeout(session, "GET", at_full, limited(Phase::connect), Phase::connect, "connecting");
  co_await check_timeout(session, "GET", at_full, limited(Phase::total), Phase::total, "connecting" + kTotal);
  co_await check_timeout(session, "GET", at_silent, limited(Phase::connect), Phase::connect, agreeing);
  co_await check_timeout(session, "GET", at_silent, limited(Phase::total), Phase::total, agreeing + kTotal);
  const std::string proxy = "127.0.0.1:" + std::to_string(silent.address().port());
  for (const std::string scheme : {"http", "https", "socks5"}) {
    http::ClientSession through(http::SessionOptions().proxy(scheme + "://" + proxy));
    co_await check_timeout(through, "GET", "https://somewhere.example/", limited(Phase::connect), Phase::connect,
                           agreeing);
  }
}

EDDY_TEST_CASE("a body that the server does not take ends in the timeout of what is idle", "[socket][real]") {
  const RawListener silent;
  const std::string url = "http://127.0.0.1:" + std::to_string(silent.address().port()) + "/";
  http::ClientSession session;
  for (const Phase phase : {Phase::idle, Phase::total}) {
    const std::string text = "sending the body" + (phase == Phase::idle ? kIdle : kTotal);
    auto generated = limited(phase);
    generated.body_stream(letters(64'000'000));
    co_await check_timeout(session, "POST", url, std::move(generated), phase, text);
    auto whole = limited(phase);
    whole.body(std::string(32'000'000, 'a'));
    co_await check_timeout(session, "PUT", url, std::move(whole), phase, text);
  }
}

EDDY_TEST_CASE("an answer that stops ends in its timeout, and says where it stopped", "[socket][real]") {
  struct Stop {
    std::string bytes;
    std::string doing;
  };
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  const std::string chunked = ok + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n";
  const std::string waiting = "waiting for the response";
  const std::string head = "receiving the head of the response";
  const std::string body = "receiving the body";
  std::vector<Stop> stops;
  stops.push_back({"", waiting});
  stops.push_back({"HTTP/1.1 2", waiting});
  stops.push_back({"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", head});
  stops.push_back({ok, head});
  stops.push_back({ok + "Content-Length: 5\r\n\r", head});
  stops.push_back({ok + "Content-Length: 5\r\n\r\n", body});
  stops.push_back({ok + "Content-Length: 5\r\n\r\n1234", body});
  stops.push_back({chunked, body});
  stops.push_back({chunked + "1", body});
  stops.push_back({chunked + "1;extension\r", body});
  stops.push_back({chunked + "1\r\nd\r\n0\r\nX-Trailer: y", body});
  stops.push_back({ok + "\r\nuntil the end", body});
  http::ClientSession session;
  for (const Stop& stop : stops) {
    auto server = co_await HttpServer::start(saying(stop.bytes));
    co_await check_timeout(session, "GET", server.url(), limited(Phase::idle), Phase::idle, stop.doing + kIdle);
    co_await check_timeout(session, "GET", server.url(), limited(Phase::total), Phase::total, stop.doing + kTotal);
    if (stop.doing == waiting)
      co_await check_timeout(session, "GET", server.url(), limited(Phase::first_byte), Phase::first_byte, waiting);
    auto response = co_await session.get(server.url("/good"));
    const std::string good = co_await response.text();
    CHECK(good == "good");
    co_await server.close();
  }
}
